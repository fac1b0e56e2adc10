import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { scanSchema } from '../../../src/http/contracts/capture.js';
import { type GatewayItem, gatewaySchema } from '../../../src/http/contracts/devices.js';
import { type PunchItem, punchSchema } from '../../../src/http/contracts/punches.js';
import type { RecordItem as CentralRecord } from '../../../src/http/contracts/records.js';
import {
  type Explanation as ExplanationItem,
  explanationSchema,
  recordSchema,
} from '../../../src/http/contracts/records.js';
import { type SessionItem, sessionSchema } from '../../../src/http/contracts/sessions.js';
import { classSession, gateway, punch } from '../fixtures.js';
import type { ScanResult } from './code.js';
import type { ClassSession, Explanation, Gateway, Punch, RecordItem } from './types.js';

// The compiler refuses these when central sends something that the page's types do not allow.
const asPunch = (item: PunchItem): Punch => item;
const asSession = (item: SessionItem): ClassSession => item;
const asGateway = (item: GatewayItem): Gateway => item;
const asRecord = (item: CentralRecord): RecordItem => item;
const asExplanation = (item: ExplanationItem): Explanation => item;

const asScan = (item: z.output<typeof scanSchema>): ScanResult => item;

const missing = (read: object, schema: { shape: object }): string[] =>
  Object.keys(read).filter((key) => !Object.hasOwn(schema.shape, key));

describe('what the page reads', () => {
  it('is sent by central under the same names', () => {
    expect(missing(asPunch(punch('p', '10:00:00') as PunchItem), punchSchema)).toEqual([]);
    expect(missing(asSession(classSession('s') as SessionItem), sessionSchema)).toEqual([]);
    expect(missing(asGateway(gateway('g')), gatewaySchema)).toEqual([]);
    const record = { id: '', session_id: '', student: {}, mark: '', marked_at: '', source: '', reason: '' };
    expect(missing(asRecord(record as unknown as CentralRecord), recordSchema)).toEqual([]);
    const scan: z.output<typeof scanSchema> = {
      session: { id: '', course: { code: '', title: '' }, room: { id: '', name: '' } },
      mark: 'pending',
      marked_at: null,
      already_recorded: false,
      recorded_at: null,
      is_verified: true,
    };
    expect(missing(asScan(scan), scanSchema)).toEqual([]);
    const explanation = {
      policy_version: '',
      limits: {},
      evidence: [],
      evidence_more: 0,
      also: [],
      flags: [],
      waiting_for: [],
      text: '',
    };
    expect(missing(asExplanation(explanation as unknown as ExplanationItem), explanationSchema)).toEqual([]);
  });
});
