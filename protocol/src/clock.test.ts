import { describe, expect, it } from 'vitest';
import { delay } from './clock.js';
import { ManualClock } from './manual-clock.js';

describe('a delay', () => {
  it('ends when its time has come', async () => {
    const clock = new ManualClock();
    const ended: string[] = [];
    const waiting = delay(clock, 100).then(() => ended.push('ended'));
    clock.advance(99);
    await Promise.resolve();
    expect(ended).toEqual([]);
    clock.advance(1);
    await waiting;
    expect(ended).toEqual(['ended']);
  });

  it('fails at once with the reason of an abort, and leaves no timer', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const waiting = delay(clock, 100, controller.signal);
    expect(clock.pendingTimers).toBe(1);
    controller.abort(new Error('stopping'));
    await expect(waiting).rejects.toThrow('stopping');
    expect(clock.pendingTimers).toBe(0);
  });

  it('never starts under a signal that is aborted already', async () => {
    const clock = new ManualClock();
    await expect(delay(clock, 100, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    expect(clock.pendingTimers).toBe(0);
  });

  it('that has ended is not touched by a later abort', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const waiting = delay(clock, 100, controller.signal);
    clock.advance(100);
    controller.abort(new Error('late'));
    await expect(waiting).resolves.toBeUndefined();
  });
});
