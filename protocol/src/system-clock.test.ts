import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from './system-clock.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('the clock of the machine', () => {
  it('reads wall and monotonic milliseconds', () => {
    vi.useFakeTimers({ now: 1_783_398_972_345, toFake: ['Date'] });
    expect(systemClock.wallMs()).toBe(1_783_398_972_345);
    const before = systemClock.monoMs();
    expect(Number.isInteger(before)).toBe(true);
    expect(systemClock.monoMs()).toBeGreaterThanOrEqual(before);
  });

  it('calls back once, unless cancelled', () => {
    vi.useFakeTimers();
    const seen: string[] = [];
    systemClock.after(50, () => seen.push('kept'));
    const cancel = systemClock.after(50, () => seen.push('cancelled'));
    cancel();
    vi.advanceTimersByTime(49);
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(1_000);
    expect(seen).toEqual(['kept']);
  });
});
