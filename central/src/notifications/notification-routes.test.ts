import { afterAll, beforeAll, expect, it } from 'vitest';
import { API, type Body, TestServer } from '../http/test-server.js';
import { TestWeeks } from '../http/test-weeks.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';

const MESSAGES = `${API}/notifications/`;

let server: TestServer;
let weeks: TestWeeks;

beforeAll(async () => {
  server = await TestServer.start();
  weeks = new TestWeeks(server);
  await weeks.next();
});
afterAll(() => server.stop());

const student = (index: number) => server.as('student', { student: rollNumber(index) });
const tap = async (index: number, time: string): Promise<void> => {
  await storePunches(server.db.knex, [{ rollNumber: rollNumber(index), at: weeks.instant(time) }]);
  await server.judge();
};

it('case 29: a mark that evidence made better is told once, to its student alone, and can be read', async () => {
  await student(3).get(MESSAGES);
  await weeks.advance('09:55');
  await tap(3, '10:07');
  expect((await weeks.record(3)).mark).toBe('late');
  await tap(3, '10:03');
  await tap(3, '10:02');
  const list: Body[] = await student(3).results(`${MESSAGES}?kind=mark_improved`);
  expect(list).toHaveLength(1);
  const [message] = list;
  expect(message).toMatchObject({ read_at: null, body: { from: 'late', to: 'present' } });
  expect(await student(2).results(MESSAGES)).toEqual([]);
  expect((await student(2).post(`${MESSAGES}${message.id}/read/`)).status).toBe(404);
  const read = await student(3).post(`${MESSAGES}${message.id}/read/`);
  weeks.goTo('11:00');
  expect((await student(3).post(`${MESSAGES}${message.id}/read/`)).body.read_at).toBe(read.body.read_at);
  expect(await student(3).results(`${MESSAGES}?unread=true`)).toEqual([]);
  expect(await student(3).results(`${MESSAGES}?unread=false`)).toHaveLength(1);
});

it('lists the own ones by cursor and marks all as read', async () => {
  await student(4).get(MESSAGES);
  const { knex } = server.db;
  const account = await knex('account')
    .where('login', 'like', `student%${rollNumber(4).toLowerCase()}%`)
    .first('id');
  await knex('notification').insert(
    ['10:00', '10:01', '10:02'].map((time) => ({
      account_id: account.id,
      kind: 'test',
      body: { time },
      created_at: weeks.instant(time),
    })),
  );
  const first = (await student(4).get(`${MESSAGES}?limit=2`)).body;
  const second = (await student(4).get(`${MESSAGES}?limit=2&cursor=${first.next}`)).body;
  expect([...first.results, ...second.results].map(({ body }: Body) => body.time)).toEqual([
    '10:02',
    '10:01',
    '10:00',
  ]);
  expect((await student(4).post(`${MESSAGES}read-all/`)).body).toEqual({ read: 3 });
  expect((await student(4).post(`${MESSAGES}read-all/`)).body).toEqual({ read: 0 });
  expect((await student(4).get(`${MESSAGES}?cursor=nonsense`)).status).toBe(400);
});
