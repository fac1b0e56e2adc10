import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildRosters } from '../devices/roster.js';
import { type Answer, API, at, type Body, TestServer } from '../http/test-server.js';
import { cardOf, TestTaps } from '../ingest/test-taps.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';

let server: TestServer;
let taps: TestTaps;
let session: Body;
const office = () => server.as('coordinator');
const codeOf = ({ status, body }: Answer) => [status, body.code];

beforeAll(async () => {
  server = await TestServer.start();
  taps = new TestTaps(server.db, server.clock);
  session = await server.sessionOf('CS301');
});
beforeEach(() => server.goTo('10:10'));
afterAll(async () => {
  await taps.stop();
  await server.stop();
});

const idOf = async (index: number): Promise<string> =>
  (
    await server.db
      .knex('student')
      .where({ roll_number: rollNumber(index) })
      .first('id')
  ).id;
const markOf = async (index: number): Promise<string | undefined> => {
  await server.judge();
  const row = await server.db
    .knex('attendance_record')
    .where({ session_id: session.id, student_id: await idOf(index) })
    .first('mark');
  return row?.mark;
};
const assign = async (index: number, body: object) =>
  office().post(`${API}/credentials/`, { student: await idOf(index), ...body });
const heldBy = async (index: number): Promise<Body[]> =>
  (await office().results(`${API}/credentials/?student=${await idOf(index)}`)).sort((one, other) =>
    one.valid_from < other.valid_from ? -1 : 1,
  );
const act = (id: string, action: string, body: object = {}) =>
  office().post(`${API}/credentials/${id}/${action}/`, { reason: 'office', ...body });
const outcomes = (): Promise<Body[]> =>
  server.db.knex('punch').whereNotNull('hash_full').orderBy('seq').pluck('outcome');

describe('credentials', () => {
  it('case 91: an unknown card that the office assigns gives the marks of the taps that were there before', async () => {
    const card = 'em4100:0A000000F1';
    await taps.tap(card, at('10:02'));
    expect(await outcomes()).toEqual(['unknown']);
    expect(await markOf(4)).not.toBe('present');
    const { status, body } = await assign(4, {
      card,
      valid_from: '2026-07-07T00:00:00+05:30',
      reason: 'new card',
    });
    expect([status, body.replayed]).toEqual([201, 1]);
    expect(body.credential).toMatchObject({
      student: { roll_number: rollNumber(4) },
      technology: 'em4100',
      projections: ['full', 'u32', 'w26'],
      state: 'issued',
      valid_from: '2026-07-06T18:30:00.000Z',
      valid_until: null,
      version: 1,
    });
    expect(await markOf(4)).toBe('present');
    // Nobody reads the number back: neither from an answer nor from the audit log.
    const audit = await server.db.knex('attendance_audit_log').where({ entity_type: 'credential' });
    expect(audit.map(({ action, reason }) => [action, reason])).toEqual([['assign', 'new card']]);
    expect(JSON.stringify([body, audit])).not.toMatch(/0A000000F1|[0-9a-f]{64}/);
  });

  it('case 91: a date after the taps leaves them unknown', async () => {
    const card = 'em4100:0A000000F2';
    await taps.tap(card, at('10:03'));
    const { body } = await assign(4, { card, valid_from: '2026-07-07T10:05:00+05:30' });
    expect([body.replayed, (await outcomes()).at(-1)]).toEqual([0, 'unknown']);
  });

  it('case 92: a card that is lost from 09:00 on is no mark at 10:01 and an alarm; a finger in that minute is', async () => {
    await taps.tap(cardOf(3), at('08:50'));
    await taps.tap(cardOf(3), at('10:01'));
    expect(await markOf(3)).toBe('present');
    const [held] = await heldBy(3);
    const lost = await act(held.id, 'report-lost', {
      from: '2026-07-07T09:00:00+05:30',
      reason: 'lost on the bus',
    });
    expect(lost.body).toMatchObject({
      replayed: 1,
      credential: { state: 'lost', reason: 'lost on the bus' },
    });
    expect((await heldBy(3)).map(({ state, valid_until: until }) => [state, until])).toEqual([
      ['issued', '2026-07-07T03:30:00.000Z'],
      ['lost', null],
    ]);
    // What the card did before it was lost stays: history never moves.
    expect((await outcomes()).slice(-2)).toEqual(['recognized', 'blocked']);
    expect(await markOf(3)).not.toBe('present');
    await taps.tap(cardOf(3), at('10:04'));
    const alarms = await server.db.knex('exception_item').where({ code: 'CREDENTIAL_BLOCKED' });
    expect(alarms.length).toBeGreaterThan(0);
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(3), at: at('10:01'), kind: 'finger' }]);
    expect(await markOf(3)).toBe('present');
    // Gateways hear of it, and show red.
    const [roster] = await buildRosters(server.db, new Date(server.clock.wallMs()));
    const { document } = await server.db
      .knex('gateway_roster')
      .where({ gateway_id: roster?.gatewayId })
      .first();
    const entry = JSON.parse(document).students.find(({ student_ref: ref }: Body) => ref === rollNumber(3));
    expect(entry.credentials.map(({ state }: Body) => state)).toEqual(['lost']);
  });

  it('a lost card that is found counts again from then on', async () => {
    const [, lost] = await heldBy(3);
    server.goTo('10:12');
    const found = await act(lost.id, 'restore', { from: '2026-07-07T10:11:00+05:30' });
    expect(found.body.credential.state).toBe('issued');
    await taps.tap(cardOf(3), at('10:11:30'));
    expect((await outcomes()).at(-1)).toBe('recognized');
    expect(codeOf(await act(lost.id, 'restore'))).toEqual([409, 'INVALID_TRANSITION']);
  });

  it('case 93: a card that is issued to another student is theirs from then on; history never moves', async () => {
    await taps.tap(cardOf(1), at('09:58'));
    const [old] = await heldBy(1);
    const card = cardOf(1);
    expect(codeOf(await assign(2, { card }))).toEqual([409, 'ALREADY_EXISTS']);
    const handed = await assign(2, { card, reissue: true, valid_from: '2026-07-07T10:00:00+05:30' });
    expect(handed.status).toBe(201);
    server.goTo('10:12');
    await taps.tap(card, at('10:11'));
    const owners = await server.db
      .knex('punch')
      .join('student', 'student.id', 'punch.student_id')
      .whereIn('punch.effective_at', [at('09:58'), at('10:11')])
      .orderBy('seq')
      .pluck('roll_number');
    expect(owners.slice(-2)).toEqual([rollNumber(1), rollNumber(2)]);
    expect(await heldBy(1)).toMatchObject([{ id: old.id, valid_until: '2026-07-07T04:30:00.000Z' }]);
    const audit = await server.db.knex('attendance_audit_log').where({ entity_id: old.id }).orderBy('id');
    expect(audit.map(({ action }) => action)).toEqual(['hand_on']);
    // An earlier date would take from the first student what was theirs.
    const back = await assign(0, { card, reissue: true, valid_from: '2026-07-07T09:00:00+05:30' });
    expect(codeOf(back)).toEqual([409, 'ALREADY_EXISTS']);
  });

  it('a printed number is converted in one place, and a person chooses what it means', async () => {
    const readings = (await office().post(`${API}/credentials/interpret/`, { printed: '0040856634' })).body
      .readings;
    expect(readings.map(({ form, preferred }: Body) => [form, preferred])).toContainEqual(['8H10D', true]);
    expect(readings.length).toBeGreaterThan(1);
    const assigned = (await assign(0, { printed: '0040856634' })).body;
    expect(assigned).toMatchObject({
      form: '8H10D',
      credential: { technology: 'number32', projections: ['u32', 'w26'] },
    });
    const uid = (await assign(0, { printed: '0040856634', form: 'uid_decimal_be' })).body;
    expect(uid.credential.technology).toBe('iso14443a');
    expect(codeOf(await assign(0, { printed: '0040856634', form: '2H.4H' }))).toEqual([
      400,
      'CREDENTIAL_INVALID',
    ]);
    expect(codeOf(await assign(0, { printed: 'hello' }))).toEqual([400, 'CREDENTIAL_INVALID']);
  });

  it('hostile input and stale versions change nothing', async () => {
    const [held] = await heldBy(0);
    const count = () => server.db.knex('credential').count('* as n');
    const before = await count();
    for (const wrong of [
      {},
      { card: 'em4100:0F00A1B2C3', printed: '1' },
      { card: "em4100:'; DROP TABLE credential; --" },
      { card: 'em4100:0000000000' },
      { card: 'x'.repeat(1_000) },
      { card: 'em4100:0F00A1B2C4', valid_from: 'yesterday' },
      { card: 'em4100:0F00A1B2C4', state: 'issued' },
    ]) {
      expect((await assign(0, wrong)).status, JSON.stringify(wrong).slice(0, 60)).toBe(400);
    }
    const nobody = { student: '00000000-0000-4000-8000-00000000dead', card: 'em4100:0F00A1B2C4' };
    expect(codeOf(await office().post(`${API}/credentials/`, nobody))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await act(held.id, 'block', { version: 7 }))).toEqual([409, 'STALE']);
    expect(codeOf(await act(held.id, 'block', { from: '2030-01-01T00:00:00Z' }))).toEqual([
      400,
      'REQUEST_INVALID',
    ]);
    expect(codeOf(await act(held.id, 'block', { from: '2001-01-01T00:00:00Z' }))).toEqual([
      400,
      'REQUEST_INVALID',
    ]);
    expect(codeOf(await act(held.id, 'block', { reason: '' }))).toEqual([400, 'REQUEST_INVALID']);
    expect(codeOf(await act('00000000-0000-4000-8000-00000000dead', 'block'))).toEqual([404, 'NOT_FOUND']);
    expect(await count()).toEqual(before);
  });

  it('two offices that assign one new card at once: one of them is refused', async () => {
    const card = 'em4100:0A000000F9';
    const answers = await Promise.all([0, 1, 2, 3].map((index) => assign(index, { card })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
  });

  it('cases 156, 157: a student sees the own cards only; whoever may not hand out cards may not', async () => {
    const own = server.as('student', { student: rollNumber(0) });
    const mine = await own.results(`${API}/credentials/`);
    expect([...new Set(mine.map(({ student }) => student.roll_number))]).toEqual([rollNumber(0)]);
    const [other] = await heldBy(1);
    expect(codeOf(await own.get(`${API}/credentials/${other.id}/`))).toEqual([404, 'NOT_FOUND']);
    const body = { student: await idOf(0), card: 'em4100:0A000000FA' };
    for (const role of ['student', 'faculty', 'auditor', 'lab_technician'] as const) {
      expect(codeOf(await server.as(role).post(`${API}/credentials/`, body))).toEqual([403, 'FORBIDDEN']);
    }
    expect(codeOf(await server.as('faculty').get(`${API}/credentials/`))).toEqual([403, 'FORBIDDEN']);
  });
});
