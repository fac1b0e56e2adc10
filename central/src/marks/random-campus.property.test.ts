import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RandomCampus } from './random-campus.test-support.js';
import { inOrder, planInOrder } from './random-order.test-support.js';

/** Each run lives two days against PostgreSQL; `test/long` does so for minutes, with other seeds. */
const RUNS = 4;
const SEED = 5;
const TEST_TIMEOUT_MS = 120_000;

/** That a day of nobody and nothing is the same in any order would say little. */
const REACHED = [
  ...[
    'ON_TIME',
    'LATE',
    'ARRIVED_AFTER_CUTOFF',
    'TOO_SHORT',
    'CARRIED',
    'CARRIED_EARLY',
    'CLASH',
    'NO_CAPTURE',
  ],
  ...['ON_LEAVE', 'SUSPENDED', 'DECIDED_BY_HUMAN', 'CORRECTED', 'CONFIRMED'],
  ...['DEBOUNCED', 'WRONG_ROOM', 'EXIT', 'BEFORE_WINDOW', 'OUTRANKED'],
];

let campus: RandomCampus;
beforeAll(async () => {
  campus = await RandomCampus.open();
});
afterAll(() => campus?.close());

describe('marks of random campuses under all rules', () => {
  it(
    'case 79: any permutation, repetition and batching, between whatever people decide, gives the same marks, derivations and statistics',
    async () => {
      const reasons = new Set<string>();
      await fc.assert(
        fc.asyncProperty(planInOrder(campus), async ({ plan, steps }) => {
          const expected = await campus.dayOf(plan, inOrder(campus, plan));
          for (const { reason, derivation } of expected.records) {
            reasons.add(reason);
            for (const { why } of derivation.ignored) reasons.add(why);
          }
          expect(await campus.dayOf(plan, steps)).toEqual(expected);
        }),
        { numRuns: RUNS, seed: SEED, endOnFailure: true },
      );
      expect([...reasons]).toEqual(expect.arrayContaining(REACHED));
    },
    TEST_TIMEOUT_MS,
  );
});
