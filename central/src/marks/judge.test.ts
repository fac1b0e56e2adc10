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

async function queue(...classes: string[][]): Promise<void> {
  for (const ids of classes) await campus.db.knex.transaction((trx) => queueSessions(trx, ids));
}

const marked = async (ids: string[]): Promise<string[]> =>
  campus.db.knex('attendance_record').whereIn('session_id', ids).distinct('session_id').pluck('session_id');

const PATIENT = { timeout: 15_000 };

const isJudged = (ids: string[]) =>
  vi.waitFor(async () => {
    expect(await campus.db.knex('judgement_todo').whereIn('session_id', ids)).toEqual([]);
  }, PATIENT);

/** As somebody does who marks the class by hand. @returns what lets go of it */
async function holdMarks(id: string): Promise<() => Promise<unknown>> {
  await campus.db.knex('session_tally').insert({ session_id: id }).onConflict('session_id').ignore();
  const trx = await campus.db.knex.transaction();
  await trx('session_tally').where({ session_id: id }).forUpdate().first();
  return () => (trx.isCompleted() ? Promise.resolve() : trx.commit());
}

/** Whether any judge has looked for work since it was asked last. */
function watchLooks(): { isStill(): boolean; stop(): void } {
  const { knex } = campus.db;
  let hasLooked = true;
  const note = ({ sql }: { sql: string }): void => {
    hasLooked ||= sql.includes('DELETE FROM judgement_todo');
  };
  knex.on('query', note);
  return {
    isStill() {
      const wasStill = !hasLooked;
      hasLooked = false;
      return wasStill;
    },
    stop: () => void knex.removeListener('query', note),
  };
}

/** A judge that takes two pairs at once, so that every class is a burst. */
function runJudge(): Promise<number> {
  const clock = new ManualClock(campus.at('19:00', 4).getTime());
  return createJudge({ db: campus.db, clock, log: silentLog, chunkPairsMax: 2 }).run();
}

it('shares a burst by classes: one that somebody holds does not hold up those of the other parts', async () => {
  const { knex } = campus.db;
  const [held, odd] = [await hold(0, '00'), [await hold(2, '01'), await hold(4, 'ff')]];
  await knex('judgement_todo').delete();
  await queue(odd, [held], odd);
  const letGo = await holdMarks(held);
  let run: Promise<number> | undefined;
  try {
    run = runJudge();
    await isJudged(odd);
    expect(await marked([held, ...odd])).toEqual(expect.arrayContaining(odd));
    expect(await marked([held])).toEqual([]);
    // For parts that were empty when they were looked at last.
    await queue(odd);
  } finally {
    await letGo();
  }
  await run;
  expect(await marked([held])).toEqual([held]);
  expect(await knex('judgement_todo')).toEqual([]);
});

it('begins more judges again where much is found after the others had left', async () => {
  const { knex } = campus.db;
  const [held, odd] = [await hold(0, '08'), await hold(2, '09')];
  const later = [await hold(4, '0a'), await hold(6, '0c')];
  await knex('judgement_todo').delete();
  await queue([odd], [held], [odd]);
  const letGo = [await holdMarks(held)];
  const { isStill, stop } = watchLooks();
  let run: Promise<number> | undefined;
  try {
    run = runJudge();
    await isJudged([odd]);
    // Who finds nothing more leaves: only the one who waits for the class is still there, time and again.
    let quiet = 0;
    await vi.waitFor(() => {
      quiet = knex.client.pool.numUsed() === 2 && isStill() ? quiet + 1 : 0;
      expect(quiet).toBeGreaterThan(3);
    }, PATIENT);
    for (const id of later) letGo.push(await holdMarks(id));
    await queue(later);
    await letGo[0]?.();
    await vi.waitFor(async () => {
      const waiting = await knex('pg_stat_activity')
        .where({ wait_event_type: 'Lock' })
        .whereRaw('datname = current_database()');
      expect(waiting).toHaveLength(2);
    }, PATIENT);
  } finally {
    stop();
    for (const go of letGo) await go();
  }
  await run;
  expect(await marked(later)).toEqual(expect.arrayContaining(later));
});

it('works alone at what began small and grew meanwhile: the processor is for those who make it grow', async () => {
  const { knex } = campus.db;
  const [held, before, behind] = [await hold(0, '00'), await hold(2, '01'), await hold(4, '02')];
  await knex('judgement_todo').delete();
  const clock = new ManualClock(campus.at('19:00', 4).getTime());
  const judge = createJudge({ db: campus.db, clock, log: silentLog, chunkPairsMax: 2 });
  const letGo = await holdMarks(held);
  const { isStill, stop } = watchLooks();
  try {
    judge.start();
    await vi.waitFor(() => expect(clock.pendingTimers).toBe(2), PATIENT);
    await queue([before], [held], [behind]);
    judge.wake();
    clock.advance(50);
    await isJudged([before]);
    let quiet = 0;
    await vi.waitFor(() => {
      quiet = knex.client.pool.numUsed() === 2 && isStill() ? quiet + 1 : 0;
      expect(quiet).toBeGreaterThan(3);
    }, PATIENT);
    expect(await marked([before, behind])).toEqual([before]);
  } finally {
    stop();
    await letGo();
    await judge.stop();
  }
  await runJudge();
  expect(await marked([behind])).toEqual([behind]);
});
