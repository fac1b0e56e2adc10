import { randomUUID } from 'node:crypto';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { silentLog } from '../log.js';
import { createJudge } from './judge.js';
import { queueSessions } from './queue.js';
import { RuleCampus } from './rule-campus.js';

let campus: RuleCampus;
beforeAll(async () => {
  campus = await RuleCampus.open();
});
beforeEach(() => campus.nextDay());
afterAll(() => campus.close());

/** Classes that do not concern each other: two days apart. */
async function hold(daysLater: number, lastByte: string): Promise<string> {
  const id = `${randomUUID().slice(0, -2)}${lastByte}`;
  return campus.hold({ id, from: '09:00', until: '09:50', daysLater });
}

it('shares a burst by classes: one that somebody holds does not hold up those of the other half', async () => {
  const { knex } = campus.db;
  const [held, odd] = [await hold(0, '00'), [await hold(2, '01'), await hold(4, 'ff')]];
  await knex('judgement_todo').delete();
  for (const ids of [odd, [held], odd]) await knex.transaction((trx) => queueSessions(trx, ids));
  const marked = async (ids: string[]): Promise<string[]> =>
    knex('attendance_record').whereIn('session_id', ids).distinct('session_id').pluck('session_id');

  const clock = new ManualClock(campus.at('19:00', 4).getTime());
  const trx = await knex.transaction();
  let run: Promise<number> | undefined;
  try {
    await trx('session_tally').insert({ session_id: held }).onConflict('session_id').ignore();
    await trx('session_tally').where({ session_id: held }).forUpdate().first();
    run = createJudge({ db: campus.db, clock, log: silentLog, chunkPairsMax: 2 }).run();
    await vi.waitFor(async () => {
      expect(await knex('judgement_todo').whereIn('session_id', odd)).toEqual([]);
    });
    expect(await marked([held, ...odd])).toEqual(expect.arrayContaining(odd));
    expect(await marked([held])).toEqual([]);
  } finally {
    await trx.commit();
  }
  await run;
  expect(await marked([held])).toEqual([held]);
  expect(await knex('judgement_todo')).toEqual([]);
});
