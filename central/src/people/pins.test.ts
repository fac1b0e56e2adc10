import { pinText } from '@rollcall/protocol/pin';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRosters } from '../devices/roster.js';
import { API, at, type Body, TestServer } from '../http/test-server.js';
import { cardOf, TestTaps } from '../ingest/test-taps.js';
import { rollNumber, TEST_CAMPUS_KEY } from '../seed/test-campus.js';
import { cardHmac } from './campus-key.js';

const WITH_PIN = { kind: 'pin', verify_method: 'card+pin' } as const;

let server: TestServer;
let taps: TestTaps;
const office = () => server.as('coordinator');

beforeAll(async () => {
  server = await TestServer.start();
  taps = new TestTaps(server.db, server.clock);
  server.goTo('10:10');
});
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
const issue = async (index: number, reason = 'worn fingers') =>
  office().post(`${API}/credentials/pin/`, { student: await idOf(index), reason });

async function rosterPins(index: number): Promise<Body[]> {
  const [roster] = await buildRosters(server.db, new Date(server.clock.wallMs()));
  const { document } = await server.db
    .knex('gateway_roster')
    .where({ gateway_id: roster?.gatewayId })
    .orderBy('version', 'desc')
    .first();
  const entry = JSON.parse(document).students.find(({ student_ref: ref }: Body) => ref === rollNumber(index));
  return entry.credentials.filter(({ technology }: Body) => technology === 'pin');
}

async function lastPunch(): Promise<Body> {
  return server.db
    .knex('punch')
    .where({ kind: 'pin' })
    .orderBy('seq', 'desc')
    .first('outcome', 'kind', 'student_id');
}

describe('PINs', () => {
  it('the office issues one, sees it once, and gateways get its keyed hash', async () => {
    const { status, body } = await issue(1);
    expect(status).toBe(201);
    expect(body.pin).toMatch(/^\d{6}$/);
    expect(body.credential).toMatchObject({ technology: 'pin', state: 'issued', projections: ['full'] });
    const hash = cardHmac(TEST_CAMPUS_KEY)(pinText(rollNumber(1), body.pin));
    expect(await rosterPins(1)).toMatchObject([{ hashes: [{ projection: 'full', hash }], state: 'issued' }]);
    const audit = await server.db.knex('attendance_audit_log').where({ action: 'issue_pin' });
    expect(audit).toMatchObject([{ reason: 'worn fingers' }]);
    expect(JSON.stringify(audit)).not.toContain(body.pin);
    const read = await office().get(`${API}/credentials/${body.credential.id}/`);
    expect(JSON.stringify(read.body)).not.toContain(body.pin);
  });

  it('a new one ends the one before it', async () => {
    server.goTo('10:11');
    const { body } = await issue(1, 'forgot it');
    const [only, ...others] = await rosterPins(1);
    expect(others).toEqual([]);
    expect(only?.hashes[0].hash).toBe(cardHmac(TEST_CAMPUS_KEY)(pinText(rollNumber(1), body.pin)));
    const held = await office().results(`${API}/credentials/?student=${await idOf(1)}`);
    expect(held.filter(({ technology }: Body) => technology === 'pin')).toHaveLength(2);
  });

  it('blocked, it is blocked for the gateways', async () => {
    server.goTo('10:12');
    const { body } = await issue(2);
    server.goTo('10:13');
    const blocked = await office().post(`${API}/credentials/${body.credential.id}/block/`, {
      reason: 'seen by a friend',
    });
    expect(blocked.status).toBe(200);
    expect((await rosterPins(2)).map(({ state }) => state)).toEqual(['blocked']);
  });

  it('is not for everybody to issue', async () => {
    const student = await idOf(1);
    const denied = await server.as('student').post(`${API}/credentials/pin/`, { student });
    expect(denied.status).toBe(403);
    const nobody = await office().post(`${API}/credentials/pin/`, {
      student: '00000000-0000-4000-8000-000000000000',
    });
    expect(nobody.status).toBe(404);
  });

  it('case 92: a PIN after a card that is blocked by now is blocked, whatever the gateway says', async () => {
    server.goTo('10:20');
    const claim = { ...WITH_PIN, student: { student_ref: rollNumber(3) } };
    await taps.tap(cardOf(3), at('10:14'), 'c101', claim);
    expect(await lastPunch()).toMatchObject({
      kind: 'pin',
      outcome: 'recognized',
      student_id: await idOf(3),
    });
    const [card] = (await office().results(`${API}/credentials/?student=${await idOf(3)}`)) as Body[];
    await office().post(`${API}/credentials/${card?.id}/block/`, {
      from: '2026-07-07T10:00:00+05:30',
      reason: 'stolen',
    });
    expect(await lastPunch()).toMatchObject({ outcome: 'blocked' });
    await taps.tap(cardOf(3), at('10:15'), 'c101', claim);
    expect(await lastPunch()).toMatchObject({ outcome: 'blocked' });
  });

  it('a terminal that says whose number was typed is still believed', async () => {
    await taps.tap(cardOf(9), at('10:16'), 'c101', {
      kind: 'pin',
      verify_method: 'pin',
      credential: undefined,
      student: { student_ref: rollNumber(4) },
    } as object);
    expect(await lastPunch()).toMatchObject({ outcome: 'recognized', student_id: await idOf(4) });
  });
});
