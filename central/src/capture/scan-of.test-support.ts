import { createHash } from 'node:crypto';
import type { Scan } from './qr-verdict.js';

/** What a test says of a scan; the rest follows from the number of the student. */
export type ScanFacts = Pick<Scan, 'sessionId' | 'studentId' | 'atMs' | 'settings'> & Partial<Scan>;

/** A scan without a place by the student's own phone, off the campus. */
export const scanOf = (index: number, facts: ScanFacts): Scan => ({
  deviceHash: createHash('sha256').update(`phone of ${index}`).digest('hex'),
  position: undefined,
  ip: '203.0.113.7',
  actor: {
    accountId: `account of ${index}`,
    role: 'student',
    ip: '203.0.113.7',
    userAgent: 'phone',
    requestId: `r-${index}`,
  },
  ...facts,
});
