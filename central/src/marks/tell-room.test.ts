import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API, at, type Body, TestServer } from '../http/test-server.js';
import { rollNumber } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { storePunches } from './test-punches.js';

let server: TestServer;
let s1: string;
let s2: string;
const faculty = () => server.as('faculty', { faculty: 'F001' });
const student = (index: number) => server.as('student', { student: rollNumber(index) });

/** Rooms r101, r102 have a reader each. */
async function tap(index: number, time: string, room: 'r101' | 'r102'): Promise<void> {
  const deviceId = room === 'r101' ? 'c101' : 'c102';
  await storePunches(server.db.knex, [
    { rollNumber: rollNumber(index), at: at(time), deviceId, roomId: room },
  ]);
  await server.judge();
}

async function told(index: number): Promise<Body[]> {
  const { body } = await student(index).get(`${API}/notifications/?kind=class_elsewhere`);
  return body.results.map(({ body: said }: Body) => said);
}

async function explain(session: string, index: number): Promise<Body> {
  const records = await server.results(`${API}/sessions/${session}/records/`);
  const { id } = records.find((record) => record.student.roll_number === rollNumber(index));
  return (await student(index).get(`${API}/records/${id}/explain/`)).body;
}

beforeAll(async () => {
  server = await TestServer.start();
  s1 = (await server.sessionOf('CS301')).id;
  s2 = (await server.sessionOf('CS302')).id;
  // A message needs an account.
  for (const index of [0, 1, 2, 3, 4]) await server.tokenOf('student', { student: rollNumber(index) });
});
afterAll(() => server.stop());

describe('who is captured elsewhere is told where the class is', () => {
  it('case 54: in the wrong room while the class goes on: a message names the room, and so does the explanation', async () => {
    await tap(3, '10:09', 'r102');
    await tap(3, '10:10', 'r102');
    expect(await told(3)).toEqual([
      {
        session_id: s1,
        course: { code: 'CS301', title: expect.any(String) },
        start_at: expect.any(String),
        captured_at: expect.any(String),
        captured_in: { id: 'r102', name: 'R102' },
        rooms: [{ id: 'r101', name: 'R101' }],
        moved: false,
      },
    ]);
    const why = await explain(s1, 3);
    expect([why.mark, why.evidence[0]]).toMatchObject([
      'pending',
      { why: 'WRONG_ROOM', why_text: 'It was taken in R102; the class was in R101', class_rooms: ['R101'] },
    ]);
  });

  it('case 54: who is in class already is told nothing', async () => {
    await tap(0, '10:10', 'r102');
    expect(await told(0)).toEqual([]);
  });

  it('case 57: after the class has moved, a tap at the old room says where to', async () => {
    server.goTo('10:12');
    const moved = await faculty().post(`${API}/sessions/${s1}/room-change/`, { room: 'r102' });
    expect(moved.status).toBe(200);
    server.goTo('10:13');
    await tap(4, '10:13', 'r101');
    expect(await told(4)).toMatchObject([
      { captured_in: { id: 'r101' }, rooms: [{ id: 'r102', name: 'R102' }], moved: true },
    ]);
    expect((await explain(s1, 4)).evidence[0]).toMatchObject({
      why: 'ROOM_MOVED',
      why_text: 'It was taken in R101; the class had moved to R102 by then',
    });
  });

  it('case 54: a capture that belongs to another class of the student says nothing, nor does one after the end', async () => {
    server.goTo('10:50');
    await advanceSessions(server.db.knex, server.clock.wallMs());
    // R102 was the room of the class before, which takes captures until five minutes after its end.
    await tap(2, '10:51', 'r102');
    expect(await told(2)).toEqual([]);
    server.goTo('11:41');
    await tap(1, '11:20', 'r102');
    expect(await told(1)).toEqual([]);
    expect((await explain(s2, 1)).evidence.at(-1).why).toBe('WRONG_ROOM');
  });

  it('case 54: where students are not told of their marks they are not told of this either', async () => {
    await server.db.knex('attendance_configuration').insert({
      key: 'SEND_ATTENDANCE_NOTIFICATIONS',
      value: 'false',
      data_type: 'boolean',
      effective_from: '-infinity',
    });
    server.goTo('11:05');
    await tap(0, '11:05', 'r102');
    expect(await told(0)).toEqual([]);
    await server.db.knex('attendance_configuration').delete();
    await tap(0, '11:06', 'r102');
    expect(await told(0)).toHaveLength(1);
  });
});
