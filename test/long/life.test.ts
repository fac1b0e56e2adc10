import { Life, lifeStep } from '@rollcall/central/http/life.test-support';
import { LifeCampus } from '@rollcall/central/http/life-campus.test-support';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';

const BUDGET_MS = 140_000;
/** The same days on every machine; another number looks elsewhere. */
const SEED = Number(process.env['ROLLCALL_FUZZ_SEED'] ?? 20_261_125);
const STEPS_MAX = 60;

let campus: LifeCampus;
beforeAll(async () => {
  campus = await LifeCampus.start();
});
afterAll(() => campus?.stop());

it('no long sequence of API calls produces an illegal state, whatever the seed', async () => {
  let lives = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(lifeStep, { minLength: 10, maxLength: STEPS_MAX, size: 'max' }),
      async (steps) => {
        lives += 1;
        const life = await Life.begin(campus);
        for (const step of steps) await life.step(step);
        await life.end();
      },
    ),
    {
      seed: SEED,
      numRuns: 100_000,
      interruptAfterTimeLimit: BUDGET_MS,
      markInterruptAsFailure: false,
      endOnFailure: true,
    },
  );
  expect(lives).toBeGreaterThan(10);
});
