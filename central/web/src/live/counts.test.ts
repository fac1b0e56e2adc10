import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classSession, counts } from '../fixtures.js';
import { shares, sumCounts, total } from './counts.js';

describe('shares', () => {
  it('is empty for a class without students instead of dividing by zero', () => {
    expect(shares(counts()).every((share) => share.percent === 0)).toBe(true);
  });

  it('always adds up to the whole roster', () => {
    const count = fc.nat(500);
    const any = fc.record({ present: count, late: count, absent: count, excused: count, pending: count });
    fc.assert(
      fc.property(any, (value) => {
        const percent = shares(value).reduce((sum, share) => sum + share.percent, 0);
        expect(percent).toBeCloseTo(total(value) === 0 ? 0 : 100, 6);
      }),
    );
  });

  it('keeps pending apart from absent', () => {
    const byMark = new Map(
      shares(counts({ pending: 3, absent: 1 })).map((share) => [share.mark, share.count]),
    );
    expect(byMark.get('pending')).toBe(3);
    expect(byMark.get('absent')).toBe(1);
  });
});

describe('sumCounts', () => {
  it('adds class sessions', () => {
    const sessions = [
      classSession('a', { counts: counts({ present: 2, late: 1 }) }),
      classSession('b', { counts: counts({ present: 3, pending: 4 }) }),
    ];
    expect(sumCounts(sessions)).toEqual(counts({ present: 5, late: 1, pending: 4 }));
  });
});
