import { RandomCampus } from '@rollcall/central/marks/random-campus.test-support';
import { inOrder, planInOrder } from '@rollcall/central/marks/random-order.test-support';
import { EVERY_REASON } from '@rollcall/central/marks/random-reasons.test-support';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';

const DAYS = 150;
/** The same days on every machine; another number looks elsewhere. */
const SEED = Number(process.env['ROLLCALL_FUZZ_SEED'] ?? 20_261_125);

let campus: RandomCampus;
beforeAll(async () => {
  campus = await RandomCampus.open();
});
afterAll(() => campus?.close());

it('case 79: no order of evidence and decisions of a random campus changes a mark, and every reason is reached', async () => {
  await fc.assert(
    fc.asyncProperty(planInOrder(campus), async ({ plan, steps }) => {
      const expected = await campus.dayOf(plan, inOrder(campus, plan));
      expect(await campus.dayOf(plan, steps)).toEqual(expected);
    }),
    { seed: SEED, numRuns: DAYS, endOnFailure: true },
  );
  expect(
    EVERY_REASON.filter((word) => !campus.seen.has(word)),
    'never reached',
  ).toEqual([]);
});
