import fc from 'fast-check';
import type { Knex } from '../db/database.js';
import { change, FACTS_CHANGES, type TwoClasses } from './facts-changes.test-support.js';
import { takenBack } from './preview-recompute.js';

/** Its times and its status go back and forth; what else there is goes one way. */
export const STEP_TEXTS: readonly string[] = [
  ...FACTS_CHANGES.flatMap(({ sql, undo = sql }) => [sql, undo]),
  "UPDATE attendance_session SET status = 'scheduled' WHERE id = :id",
  "UPDATE attendance_session SET status = 'open', start_at = start_at - interval '1 minute' WHERE id = :id",
  'UPDATE attendance_session SET period_count = 3 WHERE id = :other',
];

/** In one transaction. */
export interface Step {
  sqls: string[];
  /** What becomes of it, and of what is read by who changes it. */
  end: 'commits' | 'rolls back' | 'rolls back a part';
  isReadBetween: boolean;
}

/** @param texts that a transaction can be made of */
export const stepOf = (texts: readonly string[]): fc.Arbitrary<Step> =>
  fc.record({
    sqls: fc.array(fc.constantFrom(...texts), { minLength: 1, maxLength: 3 }),
    end: fc.constantFrom('commits', 'commits', 'rolls back', 'rolls back a part'),
    isReadBetween: fc.boolean(),
  });

/** Some of the texts insert what the last one has inserted, too: they are refused, and change nothing. */
const isRefused = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('23');

/** @param look at everything, from within the transaction where the step says so */
export async function act(
  knex: Knex,
  { sqls, end, isReadBetween }: Step,
  classes: TwoClasses,
  look: (trx: Knex) => Promise<void>,
): Promise<void> {
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

/** Looks before the first step and after each, and makes the campus what it was. */
export async function actAndLook(
  knex: Knex,
  steps: readonly Step[],
  classes: TwoClasses,
  look: (trx: Knex) => Promise<void>,
): Promise<void> {
  await look(knex);
  for (const one of steps) {
    await act(knex, one, classes, look);
    await look(knex);
  }
  await knex.raw("UPDATE campus SET zone = 'Asia/Kolkata' WHERE id = 'main'");
  await knex.raw("UPDATE academic_period SET campus_id = 'main'");
}
