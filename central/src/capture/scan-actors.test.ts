import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API, at, type Body, type TestServer } from '../http/test-server.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';
import type { ScanQueue } from './qr-scan.js';
import type { Scan } from './qr-verdict.js';
import { ScanClass } from './scan-class.test-support.js';

/** In the audit log stands who did what: also where the mark of a scan comes later, with the marks of others (domain case 158). */

let own: ScanClass;
let server: TestServer;
let sessionId: string;
let students: readonly string[];
/** Its scans are judged later, as those of a burst are. */
let burst: ScanQueue;

/** The first students have tapped in the class before, which is carried over: they are not used. */
const scan = (index: number, change: Partial<Scan> = {}): Scan => own.scan(index, change);

beforeAll(async () => {
  own = await ScanClass.open();
  ({ server, sessionId, students } = own);
  burst = own.burst();
});
afterAll(() => server.stop());
beforeEach(() => own.beginAt('11:00'));

const audited = (index: number): Promise<Body> =>
  server.db
    .knex('attendance_audit_log')
    .where({ entity_type: 'attendance_record', session_id: sessionId, student_id: students[index] })
    .orderBy('id', 'desc')
    .first();

const BY_STUDENT = (index: number) => ({
  performed_by: `account of ${index}`,
  actor_role: 'student',
  request_id: `r-${index}`,
});
const BY_NOBODY = { performed_by: null, actor_role: null, ip_address: null, request_id: null };

describe('case 158: the audit row of a mark', () => {
  it('names who scanned, whoever judges it', async () => {
    await burst.scan(scan(3));
    await burst.scan(scan(4));
    await server.judge();
    for (const index of [3, 4]) {
      expect(await audited(index)).toMatchObject({
        ...BY_STUDENT(index),
        after: { source: 'qr' },
      });
    }
  });

  it('names who scanned, not the teacher who marks the class before the judge comes', async () => {
    await burst.scan(scan(3));
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(4), at: at('10:59') }]);
    const marked = await server.as('faculty', { faculty: 'F001' }).post(`${API}/records/bulk-mark/`, {
      session_id: sessionId,
      reason: 'read out',
      attendance_data: [2, 3, 4].map((index) => ({ student_id: rollNumber(index), mark: 'present' })),
    });
    expect(marked.status).toBe(200);
    expect(await audited(3)).toMatchObject({ ...BY_STUDENT(3), after: { source: 'qr' } });
    expect(await audited(4)).toMatchObject({ ...BY_NOBODY, after: { source: 'rfid' } });
    expect(await audited(2)).toMatchObject({ actor_role: 'faculty', after: { source: 'manual' } });
    // What is stored meanwhile has to be judged with the rest, once more: that changes nothing here.
    expect(await server.db.knex('judgement_todo').where({ session_id: sessionId })).toHaveLength(2);
    const rows = await server.db.knex('attendance_audit_log').where({ session_id: sessionId });
    await server.judge();
    expect(await server.db.knex('attendance_audit_log').where({ session_id: sessionId })).toEqual(rows);
  });

  it('names who scanned also while a judge has the scan and waits for the teacher who marks the class', async () => {
    await burst.scan(scan(3));
    const { knex } = server.db;
    const judge = await knex.transaction();
    await judge('judgement_todo').where({ session_id: sessionId }).delete();
    const marked = await server.as('faculty', { faculty: 'F001' }).post(`${API}/records/bulk-mark/`, {
      session_id: sessionId,
      reason: 'read out',
      attendance_data: [{ student_id: rollNumber(3), mark: 'present' }],
    });
    await judge.commit();
    expect(marked.status).toBe(200);
    expect(await audited(3)).toMatchObject({ ...BY_STUDENT(3), after: { source: 'qr' } });
  });

  it('names nobody for what a card did, also where its student scans before the judge comes', async () => {
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(4), at: at('10:59') }]);
    await burst.scan(scan(4));
    await server.judge();
    expect(await audited(4)).toMatchObject({ ...BY_NOBODY, after: { source: 'rfid' } });
  });

  it('is of the scan that was taken, not of one that was refused beside it', async () => {
    const refused = scan(3, {
      position: { latitude: 0, longitude: 0, accuracyMeters: 0, atMs: scan(3).atMs, isMocked: true },
      actor: { ...scan(3).actor, requestId: 'refused' },
    });
    const [first, second] = await Promise.allSettled([burst.scan(scan(3)), burst.scan(refused)]);
    expect([first.status, second.status]).toEqual(['fulfilled', 'rejected']);
    await server.judge();
    expect(await audited(3)).toMatchObject({ request_id: 'r-3' });
  });
});
