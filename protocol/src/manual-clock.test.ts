import { describe, expect, it } from 'vitest';
import { ManualClock } from './manual-clock.js';

describe('a clock that moves only when told to', () => {
  it('starts where it is put and moves both clocks together', () => {
    const clock = new ManualClock(5_000, 100);
    clock.advance(250);
    expect([clock.wallMs(), clock.monoMs()]).toEqual([5_250, 350]);
  });

  it('steps the wall clock alone, without firing a timer', () => {
    const clock = new ManualClock(5_000, 100);
    let fired = 0;
    clock.after(10, () => fired++);
    clock.stepWall(-4_000);
    expect([clock.wallMs(), clock.monoMs(), fired]).toEqual([1_000, 100, 0]);
  });

  it('fires due timers in the order of their time, then of their setting, each at its own time', () => {
    const clock = new ManualClock(0, 0);
    const seen: string[] = [];
    const note = (name: string) => () => void seen.push(`${name}@${clock.monoMs()}`);
    clock.after(20, note('c'));
    clock.after(10, note('a'));
    clock.after(10, note('b'));
    clock.after(31, note('late'));
    clock.advance(30);
    expect(seen).toEqual(['a@10', 'b@10', 'c@20']);
    expect([clock.monoMs(), clock.pendingTimers]).toEqual([30, 1]);
  });

  it('fires timers that timers set, as far as they are due', () => {
    const clock = new ManualClock(0, 0);
    let ticks = 0;
    const tick = (): void => {
      ticks += 1;
      clock.after(10, tick);
    };
    clock.after(10, tick);
    clock.advance(35);
    expect([ticks, clock.pendingTimers]).toEqual([3, 1]);
  });

  it('does not fire what was cancelled, and does not go back', () => {
    const clock = new ManualClock(0, 0);
    let fired = 0;
    const cancel = clock.after(10, () => fired++);
    cancel();
    cancel();
    clock.after(-5, () => fired++);
    expect(clock.pendingTimers).toBe(1);
    clock.advance(0);
    expect(fired).toBe(1);
    clock.advance(-50);
    expect([clock.monoMs(), fired]).toEqual([0, 1]);
  });
});
