import { ManualClock } from '@rollcall/protocol/manual-clock';
import { beforeEach, expect, it, vi } from 'vitest';
import { createWaking, type Waking } from './waking.js';

const PAUSE_MS = 50;
const SAFETY_MS = 5_000;

let clock: ManualClock;
/** Of each run, whether it was asked for during the one before. */
let runs: boolean[];
let failures: unknown[];
let end: (failure?: Error) => void;
let waking: Waking;

beforeEach(() => {
  clock = new ManualClock(0);
  runs = [];
  failures = [];
  waking = createWaking({
    clock,
    pauseMs: PAUSE_MS,
    run: (isContinued) => {
      runs.push(isContinued);
      return new Promise<void>((resolve, reject) => {
        end = (failure) => (failure === undefined ? resolve() : reject(failure));
      });
    },
    onFailure: (failure) => failures.push(failure),
  });
});

/** Until what follows from the end of a run has happened: the pause is a timer beside the safety one. */
async function endRun(failure?: Error): Promise<void> {
  end(failure);
  await vi.waitFor(() => expect(clock.pendingTimers).toBe(2));
}

it('begins with a run, and runs at once when it is woken later', async () => {
  waking.wake();
  expect(runs).toEqual([]);
  waking.start();
  await endRun();
  clock.advance(PAUSE_MS);
  waking.wake();
  expect(runs).toEqual([false, false]);
});

it('makes one run of everything that is asked for during a run and the pause after it', async () => {
  waking.start();
  waking.wake();
  waking.wake();
  await endRun();
  waking.wake();
  expect(runs).toEqual([false]);
  clock.advance(PAUSE_MS);
  expect(runs).toEqual([false, true]);
  await endRun();
  clock.advance(PAUSE_MS);
  expect(runs).toEqual([false, true]);
});

it('tells why a run failed, and tries again by its safety interval when nobody asks', async () => {
  waking.start();
  await endRun(new Error('lost'));
  expect(failures).toMatchObject([{ message: 'lost' }]);
  clock.advance(SAFETY_MS - 1);
  expect(runs).toHaveLength(1);
  clock.advance(1);
  expect(runs).toHaveLength(2);
});

it('tries again after the pause what was only rolled back for somebody else', async () => {
  waking.start();
  await endRun(Object.assign(new Error('deadlock detected'), { code: '40P01' }));
  clock.advance(PAUSE_MS);
  expect(runs).toEqual([false, true]);
});

it('waits for the run at hand when it stops, and begins nothing more', async () => {
  waking.start();
  waking.wake();
  let isStopped = false;
  const stopped = waking.stop().then(() => {
    isStopped = true;
  });
  await Promise.resolve();
  expect(isStopped).toBe(false);
  end();
  await stopped;
  waking.wake();
  clock.advance(SAFETY_MS);
  expect([runs, clock.pendingTimers]).toEqual([[false], 0]);
});
