import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forecast, shownPercent, standingOf } from './share.js';

const thresholds = { enough: 75, condonable: 65 };

describe('a share', () => {
  it.each([
    // Worked examples of domain E4.
    [420, 315, 75, 'enough'],
    [420, 314, 74.76, 'condonable'],
    [420, 273, 65, 'condonable'],
    [420, 272, 64.76, 'short'],
    [70, 57, 81.42, 'enough'],
    // 74.996 %
    [25_000, 18_749, 74.99, 'condonable'],
    [3, 2, 66.66, 'condonable'],
    [0, 0, null, 'no_basis'],
  ] as const)('cases 138, 140: %i held, %i attended is %s and %s', (held, attended, percent, standing) => {
    expect(shownPercent({ held, attended })).toBe(percent);
    expect(standingOf({ held, attended }, thresholds)).toBe(standing);
  });

  it('case 138: shows the threshold exactly when it is reached', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 2_000 })
          .chain((held) => fc.tuple(fc.constant(held), fc.integer({ min: 0, max: held }))),
        fc.integer({ min: 0, max: 100 }),
        ([held, attended], enough) => {
          const isEnough = standingOf({ held, attended }, { enough, condonable: 0 }) === 'enough';
          expect(isEnough).toBe(Number(shownPercent({ held, attended })) >= enough);
        },
      ),
      { seed: 138 },
    );
  });
});

describe('case 149: a forecast', () => {
  it.each([
    // 68 of 100: the next 28 bring 96 of 128.
    [100, 68, null, { attendNext: 28, mayMiss: null, canReach: null }],
    [100, 68, 28, { attendNext: 28, mayMiss: null, canReach: true }],
    [100, 68, 27, { attendNext: 28, mayMiss: null, canReach: false }],
    [100, 80, 50, { attendNext: 0, mayMiss: 6, canReach: true }],
    [0, 0, 10, { attendNext: 0, mayMiss: 0, canReach: true }],
  ] as const)('of %i held, %i attended, %s to come', (held, attended, remaining, expected) => {
    expect(forecast({ held, attended }, 75, remaining)).toEqual(expected);
  });

  it('needs all of them for a hundred percent, and nothing for zero', () => {
    expect(forecast({ held: 10, attended: 9 }, 100, 50)).toEqual({
      attendNext: null,
      mayMiss: null,
      canReach: false,
    });
    expect(forecast({ held: 10, attended: 0 }, 0, 5)).toEqual({
      attendNext: 0,
      mayMiss: null,
      canReach: true,
    });
  });

  it('is enough exactly after the periods it names, and not one before', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 500 })
          .chain((held) => fc.tuple(fc.constant(held), fc.integer({ min: 0, max: held }))),
        fc.integer({ min: 1, max: 99 }),
        ([held, attended], percent) => {
          const next = forecast({ held, attended }, percent, null).attendNext ?? 0;
          const after = (n: number) =>
            standingOf({ held: held + n, attended: attended + n }, { enough: percent, condonable: 0 }) ===
            'enough';
          expect(after(next)).toBe(true);
          if (next > 0) expect(after(next - 1)).toBe(false);
        },
      ),
      { seed: 149 },
    );
  });
});
