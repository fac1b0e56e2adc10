import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Knex } from '../db/database.js';
import { holdChangeable } from './facts-changes.test-support.js';
import { act, actAndLook, STEP_TEXTS, stepOf } from './facts-steps.test-support.js';
import { createFactsLoader, type LoadedPair, type LoadFacts } from './load-facts.js';
import { RuleCampus } from './rule-campus.js';

const RUNS = 6;
const STEPS_MAX = 18;
const SEED = 71;
const TEST_TIMEOUT_MS = 120_000;
const STUDENTS = [0, 1, 2];
/** Around both classes, wherever they are moved to. */
const TAPS = ['09:52', '10:01', '10:45', '11:10', '14:02'];

let campus: RuleCampus;
beforeAll(async () => {
  campus = await RuleCampus.open();
});
afterAll(() => campus?.close());

/** A move as the database sees one: the reach stands at the groups of a class, too. */
const put = (id: string, [start, end]: readonly [string, string], from = ''): string =>
  `WITH put AS (
     UPDATE attendance_session c SET start_at = ${start}, end_at = ${end},
       reach_from = ${start} - interval '10 minutes', reach_until = ${end} + interval '5 minutes'
     ${from === '' ? '' : `FROM attendance_session o`} WHERE c.id = ${id}${from === '' ? '' : ` AND o.id = ${from}`}
     RETURNING c.id, c.reach_from, c.reach_until)
   UPDATE session_section g SET reach_from = put.reach_from, reach_until = put.reach_until FROM put WHERE session_id = put.id`;
const moved = (id: string, by: string): string =>
  put(id, [`c.start_at + interval '${by}'`, `c.end_at + interval '${by}'`]);

/** What makes other surroundings and other captures matter than those at the last look. */
const SURROUNDINGS = [
  moved(':id', '30 minutes'),
  moved(':id', '10 hours'),
  moved(':id', '-10 hours'),
  put(':other', ['o.start_at', 'o.end_at'], ':id'),
  put(':other', ['o.end_at', "o.end_at + interval '50 minutes'"], ':id'),
  put(':other', ["o.start_at - interval '50 minutes'", 'o.start_at'], ':id'),
  "UPDATE attendance_session SET status = 'cancelled' WHERE id = :other",
  "UPDATE attendance_session SET status = 'open' WHERE id = :other",
  "INSERT INTO session_room (session_id, room_id) VALUES (:other, 'r202')",
  "INSERT INTO session_section SELECT session_id, 'cse-b', scheduled_date, reach_from, reach_until FROM session_section WHERE session_id = :other LIMIT 1",
  "UPDATE attendance_session SET policy = jsonb_set(policy, '{contiguous_carry}', 'true') WHERE id = :id",
  "UPDATE attendance_session SET policy = jsonb_set(policy, '{contiguous_carry}', 'false') WHERE id = :id",
];
const TEXTS = [...STEP_TEXTS, ...SURROUNDINGS, ...SURROUNDINGS];

/** Captures come in no order, each with the number that its request had. */
const comparable = (loaded: readonly LoadedPair[]): unknown[] =>
  loaded.map(({ facts, ...pair }) => ({
    ...pair,
    facts: {
      ...facts,
      captures: facts.captures
        .map((capture) => ({ ...capture, n: undefined }))
        .toSorted((a, b) => (a.atMs ?? 0) - (b.atMs ?? 0) || (a.punchId < b.punchId ? -1 : 1)),
    },
  }));

/** A class with captures around it, and what a look compares: whoever has seen it before with whoever has not. */
async function holdSeen() {
  const classes = await holdChangeable(campus);
  const replicas: LoadFacts[] = [createFactsLoader(), createFactsLoader(1)];
  for (const student of STUDENTS) for (const time of TAPS) await campus.tap(time, { student });
  const students = await Promise.all(STUDENTS.map((n) => campus.studentId(n)));
  const pairs = students.map((studentId) => ({ sessionId: classes.id, studentId }));
  const look = async (trx: Knex): Promise<void> => {
    const expected = comparable(await createFactsLoader()(trx, pairs));
    for (const replica of replicas) expect(comparable(await replica(trx, pairs))).toEqual(expected);
  };
  return { classes, look };
}

it(
  'what was asked ahead by what classes were is never taken for what they are',
  async () => {
    const { knex } = campus.db;
    await fc.assert(
      fc.asyncProperty(fc.array(stepOf(TEXTS), { minLength: 10, maxLength: STEPS_MAX }), async (steps) => {
        const { classes, look } = await holdSeen();
        await actAndLook(knex, steps, classes, look);
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
  },
  TEST_TIMEOUT_MS,
);

it('classes that move together, further than was looked, are found where they are now', async () => {
  const { knex } = campus.db;
  const { classes, look } = await holdSeen();
  await look(knex);
  const sqls = [moved(':id', '10 hours'), put(':other', ['o.start_at', 'o.end_at'], ':id')];
  await act(knex, { sqls, end: 'commits', isReadBetween: false }, classes, look);
  await look(knex);
});
