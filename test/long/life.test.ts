import { Life, lifeStep } from '@rollcall/central/http/life.test-support';
import { TestServer } from '@rollcall/central/http/test-server';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';

const BUDGET_MS = 100_000;
/** The same days on every machine; another number looks elsewhere. */
const SEED = Number(process.env['ROLLCALL_FUZZ_SEED'] ?? 20_261_125);
const STEPS_MAX = 40;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server?.stop());

it('no long sequence of API calls produces an illegal state, whatever the seed', async () => {
  let week = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(lifeStep, { minLength: 5, maxLength: STEPS_MAX }), async (steps) => {
      week += 1;
      const life = await Life.begin(server, week);
      for (const step of steps) await life.step(step);
    }),
    {
      seed: SEED,
      numRuns: 100_000,
      interruptAfterTimeLimit: BUDGET_MS,
      markInterruptAsFailure: false,
      endOnFailure: true,
    },
  );
  expect(week).toBeGreaterThan(10);
});
