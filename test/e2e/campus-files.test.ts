import { openTestDatabase } from '@rollcall/central/db/test-database';
import { seedCampus } from '@rollcall/central/seed/seed-campus';
import { campusFile } from '@rollcall/firmware-sim/campus/campus-file';
import { collegeFile } from '@rollcall/firmware-sim/campus/college-file';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { expect, it } from 'vitest';

it.each([
  ['the demo campus', () => campusFile(2026, {})],
  ['the college for measurements', () => collegeFile(2026, 1_200, {})],
])('cases 65, 66: no slot of %s clashes with another one, and each is occupied', async (_what, make) => {
  const db = await openTestDatabase();
  const file = make();
  try {
    const { slots } = await seedCampus({
      db,
      clock: new ManualClock(Date.parse('2026-07-07T06:00+05:30')),
      campusKey: Buffer.alloc(32, 1),
      bytes: new TextEncoder().encode(JSON.stringify(file)),
    });
    expect(
      await db.knex('slot_occupancy').where({ is_enforced: true }).countDistinct('slot_id as n'),
    ).toEqual([{ n: slots }]);
  } finally {
    await db.close();
  }
});
