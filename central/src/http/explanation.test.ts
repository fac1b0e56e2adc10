import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';
import { API, at, type Body, TestServer } from './test-server.js';

let server: TestServer;
let id: string;
const stored = () => server.db.knex('attendance_record').where({ id }).first();
const told = async (): Promise<Body> => (await server.get(`${API}/records/${id}/explain/`)).body;
/** The mark as an earlier central kept it, with everything that is told by now. */
const keepAll = async (): Promise<void> => {
  const { derivation } = await stored();
  const { evidence, evidence_more: ignored_more } = await told();
  const ignored = evidence.slice(1).map((capture: Body) => ({
    ...derivation.used[0],
    punch_id: capture.punch_id,
    at: capture.effective_at,
    why: capture.why,
  }));
  await server.db
    .knex('attendance_record')
    .where({ id })
    .update({ derivation: JSON.stringify({ ...derivation, ignored, ignored_more }) });
};
const WHYS = [null, 'DEBOUNCED', 'LATER_CAPTURE'];

beforeAll(async () => {
  server = await TestServer.start();
  const { id: sessionId } = await server.sessionOf('CS301');
  [{ id }] = await server.results(`${API}/sessions/${sessionId}/records/`);
});
afterAll(() => server.stop());

it('case 29: a tap that changes nothing leaves the mark as it was, and is told to whoever asks why', async () => {
  const before = await stored();
  await storePunches(server.db.knex, [
    { rollNumber: rollNumber(0), at: at('10:01:20') },
    { rollNumber: rollNumber(0), at: at('10:09') },
  ]);
  await server.judge();
  expect(await stored()).toEqual(before);
  const { evidence, evidence_more } = await told();
  expect([evidence.map(({ why }: Body) => why), evidence_more]).toEqual([WHYS, 0]);
  expect(evidence[2]).toMatchObject({
    used: false,
    device_name: 'R101 cards',
    room_name: 'R101',
    effective_at: '2026-07-07T04:39:00.000Z',
    why_text: 'An earlier capture already decided',
  });
});

it('is sent also to who has the mark of this version, since evidence comes without a new one', async () => {
  const headers = {
    ...(await server.authorization('admin')),
    'if-none-match': `"${(await stored()).version}"`,
  };
  // Not by `fetch`, which asks for a fresh answer wherever it is told a condition.
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(server.url(`${API}/records/${id}/explain/`), { headers, agent: false }, resolve)
      .once('error', reject)
      .end();
  });
  expect([response.statusCode, response.headers.etag]).toEqual([200, headers['if-none-match']]);
  expect(JSON.parse(await text(response)).evidence).toHaveLength(WHYS.length);
});

it('a mark that an earlier central made, with all of its captures, is told with each of them once', async () => {
  await keepAll();
  expect((await told()).evidence.map(({ why }: Body) => why)).toEqual(WHYS);
});

it('of somebody who taps all day fifty are told, and how many more there are', async () => {
  await storePunches(
    server.db.knex,
    Array.from({ length: 60 }, (_, index) => ({
      rollNumber: rollNumber(1),
      at: new Date(at('10:07:01').getTime() + index),
    })),
  );
  await server.judge();
  const { session_id: sessionId } = await stored();
  [, { id }] = await server.results(`${API}/sessions/${sessionId}/records/`);
  const { evidence, evidence_more } = await told();
  expect([evidence.length, evidence_more]).toEqual([51, 10]);
  await keepAll();
  const old = await told();
  expect([old.evidence.length, old.evidence_more]).toEqual([51, 10]);
});

it('evidence that came after the lock and would decide otherwise is not told as if the mark rested on it', async () => {
  const { session_id: sessionId } = await stored();
  [, , { id }] = await server.results(`${API}/sessions/${sessionId}/records/`);
  const before = (await told()).evidence;
  await server.db.knex('attendance_session').where({ id: sessionId }).update({ status: 'locked' });
  await storePunches(server.db.knex, [
    { rollNumber: rollNumber(2), at: at('10:03') },
    { rollNumber: rollNumber(2), at: at('10:08') },
  ]);
  await server.judge();
  expect((await told()).evidence).toEqual(before);
});

it('a mark is explained also where a class that clashes with it cannot be judged', async () => {
  const { knex } = server.db;
  const [own] = await knex('attendance_record').where({ id }).select('session_id');
  const other = await server.sessionOf('CS302');
  const { start_at, end_at, reach_from, reach_until } = await knex('attendance_session')
    .where({ id: own.session_id })
    .first();
  await knex('attendance_session')
    .where({ id: other.id })
    .update({ start_at, end_at, reach_from, reach_until, policy: JSON.stringify({ broken: true }) });
  const answer = await server.get(`${API}/records/${id}/explain/`);
  expect([answer.status, answer.body.evidence.length]).toEqual([200, 1]);
});
