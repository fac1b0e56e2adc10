import { describe, it } from 'vitest';
import { expectRefusals, expectRoundTrip } from './contract-cases.test-support.js';
import { rosterDocumentSchema, rosterPointerSchema } from './roster.js';
import { HASH, roster } from './sample-messages.test-support.js';

const pointer = {
  v: 1 as const,
  version: 3,
  url: '/api/v1/attendance/gateways/gw-block-a/roster/3/',
  sha256: HASH,
};

describe('a roster pointer', () => {
  it('survives the wire', () => {
    expectRoundTrip(rosterPointerSchema, pointer);
  });

  it('is refused with the place', () => {
    expectRefusals(rosterPointerSchema, pointer, [
      ['version', 0, 'version'],
      ['url', '', 'url'],
      ['url', 'x'.repeat(501), 'url'],
      ['sha256', HASH.toUpperCase(), 'sha256'],
      ['students', [], 'students'],
    ]);
  });
});

describe('a roster document', () => {
  it('survives the wire, also without students', () => {
    expectRoundTrip(rosterDocumentSchema, roster);
    expectRoundTrip(rosterDocumentSchema, { ...roster, students: [] });
  });

  it('is refused with the place', () => {
    const credential = roster.students[0]?.credentials[0];
    expectRefusals(rosterDocumentSchema, roster, [
      ['v', 2, 'v:'],
      ['gateway_id', 'x y', 'gateway_id'],
      ['students.0.student_ref', '', 'students[0].student_ref'],
      ['students.0.name', 'Anita', 'name'],
      ['students.0.credentials.0.technology', 'rfid', 'students[0].credentials[0].technology'],
      ['students.0.credentials.0.state', 'eaten', 'students[0].credentials[0].state'],
      ['students.0.credentials.0.valid_from', null, 'valid_from'],
      ['students.0.credentials.0.valid_to', 'never', 'valid_to'],
      ['students.0.credentials.0.hashes', [], 'hashes'],
      ['students.0.credentials.0.hashes.1', { projection: 'full', hash: HASH }, 'each projection once'],
      ['students.0.credentials', Array.from({ length: 17 }, () => credential), 'credentials'],
    ]);
  });
});
