import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Knex } from '../db/database.js';
import { change, FACTS_CHANGES, holdChangeable, type TwoClasses } from './facts-changes.test-support.js';
import { createSessionLoader, type LoadSessions } from './load-sessions.js';
import { takenBack } from './preview-recompute.js';
import { RuleCampus } from './rule-campus.js';

const RUNS = 25;
const STEPS_MAX = 30;
const SEED = 63;
const TEST_TIMEOUT_MS = 120_000;

let campus: RuleCampus;
beforeAll(async () => {
  campus = await RuleCampus.open();
});
afterAll(() => campus?.close());

/** Its times and its status go back and forth; what else there is goes one way. */
const TEXTS = [
  ...FACTS_CHANGES.flatMap(({ sql, undo = sql }) => [sql, undo]),
  "UPDATE attendance_session SET status = 'scheduled' WHERE id = :id",
  "UPDATE attendance_session SET status = 'open', start_at = start_at - interval '1 minute' WHERE id = :id",
  'UPDATE attendance_session SET period_count = 3 WHERE id = :other',
];

/** In one transaction. */
interface Step {
  sqls: string[];
  /** What becomes of it, and of what is read by who changes it. */
  end: 'commits' | 'rolls back' | 'rolls back a part';
  isReadBetween: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  sqls: fc.array(fc.constantFrom(...TEXTS), { minLength: 1, maxLength: 3 }),
  end: fc.constantFrom('commits', 'commits', 'rolls back', 'rolls back a part'),
  isReadBetween: fc.boolean(),
});

/** Some of the texts insert what the last one has inserted, too: they are refused, and change nothing. */
const isRefused = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('23');

async function act(
  knex: Knex,
  { sqls, end, isReadBetween }: Step,
  classes: TwoClasses,
  look: (trx: Knex) => Promise<void>,
) {
  const changeAndLook = async (trx: Knex): Promise<void> => {
    for (const sql of sqls) {
      await change(trx, sql, classes);
      if (isReadBetween) await look(trx);
    }
  };
  const acts: Record<Step['end'], () => Promise<unknown>> = {
    commits: () => knex.transaction(changeAndLook),
    'rolls back': () => takenBack(knex, changeAndLook),
    'rolls back a part': () =>
      knex.transaction(async (trx) => {
        await takenBack(trx, changeAndLook);
        await look(trx);
      }),
  };
  await acts[end]().catch((error: unknown) => {
    if (!isRefused(error)) throw error;
  });
}

it(
  'kept class sessions are what PostgreSQL has, whatever is changed, taken back and looked at in any order',
  async () => {
    const { knex } = campus.db;
    const replicas: LoadSessions[] = [createSessionLoader(), createSessionLoader(1)];
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: STEPS_MAX }), async (steps) => {
        const classes = await holdChangeable(campus);
        const ids = [classes.id, classes.other];
        const look = async (trx: Knex): Promise<void> => {
          const expected = Object.fromEntries(await createSessionLoader()(trx, ids));
          for (const replica of replicas)
            expect(Object.fromEntries(await replica(trx, ids))).toEqual(expected);
        };
        await look(knex);
        for (const one of steps) {
          await act(knex, one, classes, look);
          await look(knex);
        }
        await campus.db.knex.raw("UPDATE campus SET zone = 'Asia/Kolkata' WHERE id = 'main'");
        await campus.db.knex.raw("UPDATE academic_period SET campus_id = 'main'");
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
  },
  TEST_TIMEOUT_MS,
);
