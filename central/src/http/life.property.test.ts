import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Life, lifeStep } from './life.test-support.js';
import { TestServer } from './test-server.js';

/** Bounded: test/long lives longer with other seeds. */
const SEED = 20_260_707;
const LIVES = 5;
const STEPS_MAX = 24;
const TEST_TIMEOUT_MS = 120_000;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server?.stop());

it(
  'no sequence of API calls produces an illegal state (domain A2; cases 18, 22, 120, 158)',
  async () => {
    let week = 0;
    const accepted: string[] = [];
    await fc.assert(
      fc.asyncProperty(
        fc.array(lifeStep, { minLength: STEPS_MAX / 2, maxLength: STEPS_MAX }),
        async (steps) => {
          week += 1;
          const life = await Life.begin(server, week);
          for (const step of steps) await life.step(step);
          accepted.push(...life.accepted);
        },
      ),
      { seed: SEED, numRuns: LIVES, endOnFailure: true },
    );
    expect(accepted.length).toBeGreaterThan(LIVES * 2);
  },
  TEST_TIMEOUT_MS,
);
