import { hashRead, parseCanonical } from '@rollcall/protocol/credential';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { API, at, type Body, TestServer } from '../http/test-server.js';
import { cardHmac } from '../people/campus-key.js';
import { replayUnknown } from '../people/replay-unknown.js';
import { rollNumber, TEST_CAMPUS_KEY } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { CampusGateway } from './campus-gateway.js';

const HOUR_MS = 3_600_000;
const BATCHES = `${API}/review-batches/`;

let server: TestServer;
let gateway: CampusGateway;
let s1: string;
let s2: string;

beforeEach(async () => {
  server = await TestServer.start();
  gateway = await CampusGateway.of(server);
  s1 = (await server.sessionOf('CS301')).id;
  s2 = (await server.sessionOf('CS302')).id;
});
afterEach(async () => {
  await gateway?.stop();
  await server?.stop();
});

/** The uplink was down; it is back 80 hours after S1 began, and every device has reported. */
async function outage(): Promise<void> {
  for (const time of ['10:56', '10:45', '11:50']) {
    server.goTo(time);
    await advanceSessions(server.db.knex, server.clock.wallMs());
  }
  server.goTo('10:00');
  server.clock.stepWall(80 * HOUR_MS);
  await gateway.send('punch', [
    gateway.punch(at('10:03'), { student: 3 }),
    gateway.punch(at('10:04'), { student: 4 }),
    gateway.punch(at('11:00'), { student: 3 }),
    gateway.punch(at('11:01')),
  ]);
  await server.db
    .knex('attendance_biometric_device')
    .update({ complete_through: new Date(server.clock.wallMs()) });
  await advance();
}

async function advance(): Promise<void> {
  await advanceSessions(server.db.knex, server.clock.wallMs());
  await server.judge();
}

async function marks(sessionId: string): Promise<Record<string, string>> {
  const rows = await server.db
    .knex('attendance_record as r')
    .join('student as st', 'st.id', 'r.student_id')
    .where({ session_id: sessionId })
    .select('st.roll_number', 'r.mark');
  return Object.fromEntries(rows.map((row) => [row.roll_number, row.mark]));
}

const statusOf = async (id: string): Promise<string> =>
  (await server.get(`${API}/sessions/${id}/`)).body.status;
const openBatch = async (): Promise<Body> => (await server.results(`${BATCHES}?state=open`))[0];
const decide = (id: string, body: object, headers = {}) =>
  server.as('principal').post(`${BATCHES}${id}/decide/`, body, headers);

describe('evidence that came after an outage of 80 hours', () => {
  it('case 81: waits as one batch per gateway with its counts, and no class of it is finalized', async () => {
    await outage();
    const batch = await openBatch();
    expect(batch).toMatchObject({ gateway: { id: 'gw-a' }, events: 4, sessions: 2, undecided: 2 });
    expect(
      (await server.results(`${BATCHES}${batch.id}/sessions/`)).map(({ session_id, events }) => [
        session_id,
        events,
      ]),
    ).toEqual([
      [s1, 2],
      [s2, 1],
    ]);
    expect([await statusOf(s1), await statusOf(s2)]).toEqual(['closed', 'closed']);
    expect((await marks(s1))[rollNumber(3)]).toBe('pending');
    const items = await server.db
      .knex('exception_item')
      .where({ code: 'LATE_EVIDENCE_REVIEW', resolved_at: null });
    expect(items).toHaveLength(1);
    expect(items[0].message).toContain('4 events, 2 class sessions');
  });

  it('case 81: exactly 72 hours are applied, one millisecond more waits', async () => {
    server.clock.stepWall(at('10:03').getTime() + 72 * HOUR_MS - server.clock.wallMs());
    await gateway.tap(at('10:03'), { student: 3 });
    await gateway.tap(new Date(at('10:03').getTime() - 1), { student: 4 });
    await server.judge();
    expect(await marks(s1)).toMatchObject({ [rollNumber(3)]: 'present', [rollNumber(4)]: 'pending' });
  });

  it('case 81: accepted all in one action, it is judged, the classes are finalized, and every decision is audited', async () => {
    await outage();
    const batch = await openBatch();
    const answer = await decide(
      batch.id,
      { decision: 'accept', reason: 'line was cut' },
      { 'if-match': `"${batch.version}"` },
    );
    expect(answer.body).toMatchObject({ decided: 2, batch: { undecided: 0 } });
    expect(answer.body.batch.closed_at).not.toBeNull();
    await advance();
    expect([await statusOf(s1), await statusOf(s2)]).toEqual(['finalized', 'finalized']);
    expect(await marks(s1)).toMatchObject({ [rollNumber(3)]: 'present', [rollNumber(4)]: 'present' });
    const audit = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'review_batch_session' })
      .orderBy('id');
    expect(
      audit.map(({ session_id, action, reason, before, after, actor_role }) => [
        session_id,
        action,
        reason,
        before,
        after,
        actor_role,
      ]),
    ).toEqual([
      [
        s1,
        'accepted',
        'line was cut',
        { decision: null, events: 2 },
        { decision: 'accepted', events: 2 },
        'principal',
      ],
      [
        s2,
        'accepted',
        'line was cut',
        { decision: null, events: 1 },
        { decision: 'accepted', events: 1 },
        'principal',
      ],
    ]);
    expect(
      await server.db.knex('exception_item').where({ code: 'LATE_EVIDENCE_REVIEW', resolved_at: null }),
    ).toEqual([]);
  });

  it('case 81: class by class, refused evidence is kept and counts nowhere', async () => {
    await outage();
    const { id } = await openBatch();
    await decide(id, { decision: 'refuse', reason: 'class was moved', session_ids: [s1] });
    await advance();
    expect([await statusOf(s1), await statusOf(s2)]).toEqual(['finalized', 'closed']);
    expect(await marks(s1)).toMatchObject({ [rollNumber(3)]: 'absent', [rollNumber(4)]: 'absent' });
    await decide(id, { decision: 'accept', reason: 'as usual', session_ids: [s2] });
    await advance();
    expect((await marks(s2))[rollNumber(3)]).toBe('late');
    expect(await server.db.knex('punch').whereNotNull('review_batch_id')).toHaveLength(4);
  });

  it('case 81: what comes after the first decision makes a batch of its own', async () => {
    await outage();
    const first = await openBatch();
    await decide(first.id, { decision: 'accept', reason: 'line was cut', session_ids: [s1] });
    server.clock.stepWall(60_000);
    await gateway.tap(at('10:02'), { student: 4 });
    const batches = await server.results(`${BATCHES}?state=open`);
    expect(batches.map(({ events }) => events)).toEqual([1, 4]);
    expect((await server.get(`${BATCHES}${first.id}/`)).body.events).toBe(4);
  });

  it('case 81: refuses a stale, a repeated, a foreign and a forbidden decision and changes nothing', async () => {
    await outage();
    const { id, version } = await openBatch();
    const accept = { decision: 'accept', reason: 'line was cut' };
    await server.db.knex('department').insert({ id: 'me', campus_id: 'main', name: 'Mechanical' });
    const codes = async (...calls: Promise<{ status: number; body: Body }>[]) =>
      (await Promise.all(calls)).map(({ status, body }) => [status, body.code]);
    const faculty = server.as('faculty', { faculty: 'F001' });
    const url = `${BATCHES}${id}/decide/`;
    expect(
      await codes(
        decide(id, { ...accept, version: version + 1 }),
        decide(id, { ...accept, reason: ' ' }),
        decide(id, { ...accept, session_ids: [id] }),
        decide(id, { ...accept, session_ids: ["'; DROP TABLE punch"] }),
        decide(s1, accept),
        server.as('student', { student: rollNumber(3) }).post(url, accept),
        server.as('hod', { department: 'me' }).post(url, accept),
        server.as('auditor').post(url, accept),
      ),
    ).toEqual([
      [409, 'STALE'],
      [400, 'REQUEST_INVALID'],
      [404, 'NOT_FOUND'],
      [400, 'REQUEST_INVALID'],
      [404, 'NOT_FOUND'],
      [403, 'FORBIDDEN'],
      [404, 'NOT_FOUND'],
      [403, 'FORBIDDEN'],
    ]);
    expect((await openBatch()).undecided).toBe(2);
    expect((await faculty.post(url, accept)).body).toMatchObject({ decided: 2 });
    expect(await codes(decide(id, accept))).toEqual([[409, 'ALREADY_DECIDED']]);
  });

  it('case 91: a card that is assigned while its punch waits brings its class to the same batch', async () => {
    await outage();
    const { id } = await openBatch();
    const student = await server.db
      .knex('student')
      .where({ roll_number: rollNumber(2) })
      .first('id');
    await assignUnknownCard(student.id);
    expect((await server.results(`${BATCHES}${id}/sessions/`)).map(({ events }) => events)).toEqual([2, 2]);
    await decide(id, { decision: 'accept', reason: 'line was cut' });
    await advance();
    expect((await marks(s2))[rollNumber(2)]).toBe('late');
  });

  it('case 81: whoever joins a group, or has a class made, while the evidence waits is asked about in the same batch', async () => {
    await outage();
    const { id } = await openBatch();
    const { knex } = server.db;
    await knex('section').insert({ id: 'ml', name: 'Machine Learning', kind: 'elective' });
    await knex('faculty').insert({ code: 'F002', full_name: 'Dr Iyer' });
    const asked = async (): Promise<number[]> =>
      (await server.results(`${BATCHES}${id}/sessions/`)).map(({ events }) => events);
    const made = await server.post(`${API}/sessions/`, {
      course: 'CS301',
      sections: ['ml'],
      faculty: 'F002',
      rooms: ['r102'],
      date: '2026-07-07',
      start_time: '10:00',
      end_time: '10:50',
      origin: 'ad_hoc',
      reason: 'held outside the timetable',
    });
    expect(made.status).toBe(201);
    // Nobody of it was seen.
    expect(await asked()).toEqual([2, 1]);
    const joined = await server.post(`${API}/roster-memberships/`, {
      section: 'ml',
      student: (
        await knex('student')
          .where({ roll_number: rollNumber(4) })
          .first('id')
      ).id,
      valid_from: '2026-07-07',
      reason: 'chose it late',
    });
    expect(joined.status).toBe(201);
    expect((await asked()).toSorted()).toEqual([1, 1, 2]);
    const other = await server.post(`${API}/sessions/`, {
      course: 'CS302',
      sections: ['ml'],
      faculty: 'F002',
      rooms: ['r102'],
      date: '2026-07-07',
      start_time: '09:00',
      end_time: '10:00',
      origin: 'ad_hoc',
      reason: 'held outside the timetable',
    });
    expect(other.status).toBe(201);
    expect((await asked()).toSorted()).toEqual([1, 1, 1, 2]);
  });
});

async function assignUnknownCard(studentId: string): Promise<void> {
  const card = `em4100:${(0x0f00000001 + 0xee).toString(16).toUpperCase().padStart(10, '0')}`;
  const { hashes } = hashRead(parseCanonical(card), cardHmac(TEST_CAMPUS_KEY));
  const { knex } = server.db;
  const [credential] = await knex('credential')
    .insert({ student_id: studentId, technology: 'em4100', valid_during: '[2026-07-01T00:00:00Z,)' })
    .returning('id');
  const rows = hashes.map(({ projection, hash }) => ({
    credential_id: credential.id,
    projection,
    hash: Buffer.from(hash, 'hex'),
  }));
  await knex('credential_hash').insert(rows);
  await replayUnknown(
    { db: server.db, clock: server.clock },
    rows.map(({ hash }) => hash),
  );
}
