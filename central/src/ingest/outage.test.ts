import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API, at, TestServer } from '../http/test-server.js';
import { rollNumber } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { CampusGateway } from './campus-gateway.js';

const DAY_MS = 86_400_000;

let server: TestServer;
let gateway: CampusGateway;
/** Operating Systems, 10:50 to 11:40: central is away from before it until the day after. */
let missed: string;

beforeAll(async () => {
  server = await TestServer.start();
  gateway = await CampusGateway.of(server);
  missed = (await server.sessionOf('CS302')).id;
  // Two more, of whom nothing is known yet: the first two stay in the room from the hour before.
  for (const index of [5, 6]) {
    const name = { roll_number: rollNumber(index), name: `Student ${index}` };
    const { body: student } = await server.post(`${API}/students/`, name);
    const joined = { section: 'cse-a', student: student.id, valid_from: '2026-07-01' };
    await server.post(`${API}/roster-memberships/`, joined);
  }
  server.goTo('10:40');
  server.clock.stepWall(DAY_MS);
  await advance();
});
afterAll(async () => {
  await gateway?.stop();
  await server?.stop();
});

async function advance(): Promise<void> {
  // As the scheduler does, minute after minute: opens, closes, finalizes.
  for (const _ of ['open', 'close', 'finalize']) await advanceSessions(server.db.knex, server.clock.wallMs());
  await server.judge();
}

const statusOf = async (): Promise<string> => (await server.get(`${API}/sessions/${missed}/`)).body.status;
async function marks(): Promise<Record<string, string>> {
  const records = await server.results(`${API}/sessions/${missed}/records/`);
  return Object.fromEntries(records.map(({ student, mark }) => [student.roll_number, mark]));
}

describe('case 162: central was away for a day, during a whole class', () => {
  it('nobody of the class is absent when it is back, since no reader has been heard', async () => {
    expect(await statusOf()).toBe('closed');
    expect(Object.values(await marks())).not.toContain('absent');
    expect(await marks()).toMatchObject({ [rollNumber(2)]: 'pending', [rollNumber(3)]: 'pending' });
  });

  it('the roll-call that the faculty took on a phone without a network waits for the head, and becomes the marks', async () => {
    const row = (index: number, mark: string) => ({
      client_uuid: randomUUID(),
      session_id: missed,
      student_id: rollNumber(index),
      mark,
      captured_at: at('10:55').toISOString(),
    });
    const records = [row(6, 'present'), row(2, 'absent')];
    const faculty = server.as('faculty', { faculty: 'F001' });
    const { body } = await faculty.post(`${API}/records/offline-sync/`, { records });
    expect(
      body.results.map(({ outcome, code }: { outcome: string; code: string }) => [outcome, code]),
    ).toEqual([
      ['review', 'TOO_OLD'],
      ['review', 'TOO_OLD'],
    ]);
    expect((await marks())[rollNumber(6)]).toBe('pending');
    const review = { decision: 'accept', reason: 'central was away all day' };
    const decided = await server.as('principal').post(`${API}/sessions/${missed}/offline-review/`, review);
    expect(decided.body).toEqual({ decided: 2 });
    expect(await marks()).toMatchObject({ [rollNumber(6)]: 'present', [rollNumber(2)]: 'absent' });
    const again = await faculty.post(`${API}/records/offline-sync/`, { records });
    expect(again.body.results.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      'duplicate',
      'duplicate',
    ]);
  });

  it('the taps that the gateway kept become present and late by their own time, and only then the others are absent', async () => {
    await gateway.send('punch', [
      gateway.punch(at('10:52'), { student: 3 }),
      gateway.punch(at('10:58'), { student: 4 }),
    ]);
    await server.judge();
    expect(await marks()).toMatchObject({ [rollNumber(3)]: 'present', [rollNumber(4)]: 'late' });
    expect((await marks())[rollNumber(5)]).toBe('pending');
    await server.db
      .knex('attendance_biometric_device')
      .update({ complete_through: new Date(server.clock.wallMs()) });
    await advance();
    expect(await statusOf()).toBe('finalized');
    expect(await marks()).toEqual({
      [rollNumber(0)]: 'present',
      [rollNumber(1)]: 'present',
      [rollNumber(2)]: 'absent',
      [rollNumber(3)]: 'present',
      [rollNumber(4)]: 'late',
      [rollNumber(5)]: 'absent',
      [rollNumber(6)]: 'present',
    });
  });
});
