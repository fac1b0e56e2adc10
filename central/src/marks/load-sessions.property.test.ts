import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Knex } from '../db/database.js';
import { holdChangeable } from './facts-changes.test-support.js';
import { actAndLook, STEP_TEXTS, stepOf } from './facts-steps.test-support.js';
import { createSessionLoader, type LoadSessions } from './load-sessions.js';
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

it(
  'kept class sessions are what PostgreSQL has, whatever is changed, taken back and looked at in any order',
  async () => {
    const { knex } = campus.db;
    const replicas: LoadSessions[] = [createSessionLoader(), createSessionLoader(1)];
    await fc.assert(
      fc.asyncProperty(
        fc.array(stepOf(STEP_TEXTS), { minLength: 10, maxLength: STEPS_MAX }),
        async (steps) => {
          const classes = await holdChangeable(campus);
          const ids = [classes.id, classes.other];
          const look = async (trx: Knex): Promise<void> => {
            const expected = Object.fromEntries(await createSessionLoader()(trx, ids));
            for (const replica of replicas)
              expect(Object.fromEntries(await replica(trx, ids))).toEqual(expected);
          };
          await actAndLook(knex, steps, classes, look);
        },
      ),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
  },
  TEST_TIMEOUT_MS,
);
