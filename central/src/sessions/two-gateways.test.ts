import type { Health } from '@rollcall/protocol/health';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { claimWatermark, promoteClaims } from '../devices/watermark.js';
import { silentLog } from '../log.js';
import { createJudge } from '../marks/judge.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber, seedTestCampus } from '../seed/test-campus.js';
import { advanceSessions } from './advance.js';

/** Tuesday 7 July 2026 on campus. */
const at = (time: string): Date => new Date(`2026-07-07T${time}+05:30`);
const STORES = {
  'gw-a': '00000000-0000-4000-8000-00000000000a',
  'gw-b': '00000000-0000-4000-8000-00000000000b',
};
const DEVICES = { 'gw-a': ['c101', 'f101'], 'gw-b': ['c101-north'] };
type GatewayId = keyof typeof STORES;

let db: TestDatabase;
let clock: ManualClock;
beforeAll(async () => {
  db = await openTestDatabase();
  clock = new ManualClock(at('06:00').getTime());
  await seedTestCampus(db, clock);
  const { knex } = db;
  await knex('gateway').insert({ id: 'gw-b', building_id: 'block-a', name: 'Block A, north' });
  await knex('attendance_biometric_device').insert({
    device_id: 'c101-north',
    gateway_id: 'gw-b',
    device_name: 'R101 cards, north door',
    device_type: 'rfid',
    driver: 'rdm6300',
    room_id: 'r101',
  });
  for (const [id, store] of Object.entries(STORES)) {
    await knex('gateway_store').insert({ gateway_id: id, store_id: store });
  }
});
afterAll(() => db?.close());

/** Every row is settled, and the devices have reported up to then. */
async function hears(id: GatewayId, through: string): Promise<void> {
  const health = {
    store_id: STORES[id],
    head_seq: 0,
    as_of: at(through).toISOString(),
    devices: DEVICES[id].map((device_id) => ({ device_id, complete_through: at(through).toISOString() })),
  };
  await db.knex('gateway').where({ id }).update({ state: 'online' });
  await db.knex.transaction(async (trx) => {
    await claimWatermark(trx, id, health as unknown as Health);
    await promoteClaims(trx, [id]);
  });
}

async function look(time: string): Promise<[finalized: number, marks: string[]]> {
  clock.stepWall(at(time).getTime() - clock.wallMs());
  const { finalized } = await advanceSessions(db.knex, clock.wallMs());
  await createJudge({ db, clock, log: silentLog }).run();
  const rows = await db
    .knex('attendance_record as r')
    .join('student as s', 's.id', 'r.student_id')
    .join('attendance_session as c', 'c.id', 'r.session_id')
    .where({ 'c.timetable_slot_id': 'cse-a-tue-1000' })
    .orderBy('s.roll_number')
    .select('r.mark', 'r.reason');
  return [finalized, rows.map(({ mark, reason }) => `${mark} ${reason}`)];
}

describe('one big room, two gateways', () => {
  it('case 85: one is offline: the class waits for it, whatever the other says, and what it kept counts', async () => {
    await look('09:55');
    await hears('gw-b', '09:58');
    await db.knex('gateway').where({ id: 'gw-b' }).update({ state: 'offline' });
    await storePunches(db.knex, [{ rollNumber: rollNumber(0), at: at('10:01') }]);
    await hears('gw-a', '11:30');
    const waiting = ['present ON_TIME', 'pending NO_CAPTURE_YET', 'pending NO_CAPTURE_YET'];
    expect(await look('11:30')).toEqual([0, waiting]);
    // Back, but not past the end yet.
    await hears('gw-b', '10:40');
    expect(await look('11:35')).toEqual([0, waiting]);
    await storePunches(db.knex, [
      { rollNumber: rollNumber(1), at: at('10:03'), deviceId: 'c101-north', gatewayId: 'gw-b' },
    ]);
    await hears('gw-b', '11:36');
    expect(await look('11:36')).toEqual([1, ['present ON_TIME', 'present ON_TIME', 'absent NO_CAPTURE']]);
  });
});
