import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RandomCampus } from './random-campus.test-support.js';
import { inOrder, planInOrder } from './random-order.test-support.js';

/** Each run lives two days against PostgreSQL; `test/long` does so for minutes, with other seeds. */
const RUNS = 4;
const SEED = 5;
const TEST_TIMEOUT_MS = 120_000;

/** That a day of nobody and nothing is the same in any order would say little. `test/long` reaches every reason there is. */
const REACHED = [
  ...['ARRIVED_AFTER_CUTOFF', 'BEFORE_WINDOW', 'CLASH', 'CONFIRMATION_NEEDED', 'CORRECTED'],
  ...['DEBOUNCED', 'DECIDED_IN_BULK', 'EXIT', 'EXIT_ASSUMED', 'FINGER_NEEDED'],
  ...['LATE', 'LATER_CAPTURE', 'METHOD_OFF', 'NOT_ON_ROSTER', 'NO_CAPTURE'],
  ...['NO_CAPTURE_YET', 'ON_HOLIDAY', 'ON_TIME', 'OUTRANKED', 'PRESENCE_ONLY'],
  ...['ROOM_MOVED', 'SUSPENDED', 'TOO_SHORT', 'UNVERIFIED_CLAIM', 'WITHDRAWN'],
  ...['WRONG_ROOM'],
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
      await fc.assert(
        fc.asyncProperty(planInOrder(campus), async ({ plan, steps }) => {
          const expected = await campus.dayOf(plan, inOrder(campus, plan));
          expect(await campus.dayOf(plan, steps)).toEqual(expected);
        }),
        { numRuns: RUNS, seed: SEED, endOnFailure: true },
      );
      expect([...campus.seen]).toEqual(expect.arrayContaining(REACHED));
    },
    TEST_TIMEOUT_MS,
  );
});
