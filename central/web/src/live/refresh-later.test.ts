import { describe, expect, it } from 'vitest';
import { RefreshLater } from './refresh-later.js';

function setUp() {
  const timers: (() => void)[] = [];
  const seen = { counts: 0, rosters: [] as string[][] };
  const later = new RefreshLater({
    after: (_delayMs, run) => {
      timers.push(run);
      return () => timers.splice(timers.indexOf(run), 1);
    },
    refreshCounts: () => {
      seen.counts += 1;
    },
    refreshRosters: (ids) => seen.rosters.push([...ids]),
  });
  return { later, timers, seen };
}

describe('RefreshLater', () => {
  it('reads counts once for a burst of marks', () => {
    const { later, timers, seen } = setUp();
    for (let i = 0; i < 40; i += 1) later.recordChanged('s1');
    expect(timers).toHaveLength(1);
    timers[0]?.();
    expect(seen).toEqual({ counts: 1, rosters: [['s1']] });
  });

  it('needs no request for counts when the class session told them itself', () => {
    const { later, timers, seen } = setUp();
    later.recordChanged('s1');
    later.sessionChanged('s1');
    timers[0]?.();
    expect(seen).toEqual({ counts: 0, rosters: [['s1']] });
  });

  it('starts anew after it ran, and does nothing once stopped', () => {
    const { later, timers, seen } = setUp();
    later.recordChanged('s1');
    timers.shift()?.();
    later.recordChanged('s2');
    expect(timers).toHaveLength(1);
    later.stop();
    expect(timers).toHaveLength(0);
    expect(seen.counts).toBe(1);
  });
});
