import { describe, expect, it } from 'vitest';
import { openSetRates } from './open-set.js';
import { makePairs, parseExclusions, parseImpression, parsePairs } from './pairs.js';
import { rates } from './rates.js';

describe('error rates', () => {
  it('are zero when every genuine score is above every impostor', () => {
    expect(rates([5, 6, 7], [1, 2, 3])).toEqual({ eer: 0, fmr100: 0, fmr1000: 0, fmr10000: 0, zero_fmr: 0 });
  });

  it('take the threshold with the least misses that keeps the false match rate', () => {
    const impostor = Array.from({ length: 100 }, (_, at) => at);
    // One impostor of a hundred may pass: the threshold lies above 98.
    expect(rates([50, 98.5, 99.5, 200], impostor)).toMatchObject({ fmr100: 25, fmr1000: 50, zero_fmr: 50 });
  });

  it('put the equal error rate where both cross', () => {
    expect(rates([1, 3, 4, 5], [0, 1.5, 2, 3.5]).eer).toBe(25);
  });

  it('count an unreadable finger as a score of 0', () => {
    expect(rates([0, 9, 9, 9], [0, 1, 2, 3]).zero_fmr).toBe(25);
  });
});

describe('pairs of a folder', () => {
  const names = ['2_1', '10_2', '10_1', '2_2', '9_3'];
  const impressions = names.flatMap((name) => parseImpression(name) ?? []);

  it('are all impressions of a finger, and all of different fingers', () => {
    const pairs = makePairs(impressions, 'all');
    expect(pairs.filter(({ isGenuine }) => isGenuine)).toEqual([
      { a: '2_1', b: '2_2', isGenuine: true },
      { a: '10_1', b: '10_2', isGenuine: true },
    ]);
    expect(pairs).toHaveLength(10);
  });

  it('are, after FVC, only first impressions of different fingers', () => {
    const impostors = makePairs(impressions, 'fvc').filter(({ isGenuine }) => !isGenuine);
    expect(impostors.map(({ a, b }) => `${a} ${b}`)).toEqual(['2_1 9_3', '2_1 10_1', '9_3 10_1']);
  });

  it('come from a list that names only what is there', () => {
    const known = new Set(names);
    expect(parsePairs('2_1 2_2\n# note\n2_1 9_3\n', known).map(({ isGenuine }) => isGenuine)).toEqual([
      true,
      false,
    ]);
    expect(() => parsePairs('2_1 3_1', known)).toThrow(/REQUEST_INVALID/);
    expect([...parseExclusions('# why\n2_1 is 3\n\n')]).toEqual(['2_1']);
    expect(parseImpression('readme')).toBeUndefined();
  });
});

describe('open-set rates', () => {
  it('count a probe as missed when it is below the threshold or not first', () => {
    const results = [
      ...Array.from({ length: 8 }, () => ({ own: 50, other: 10 })),
      { own: 25, other: 30 },
      { own: 15, other: 20 },
    ];
    expect(openSetRates(results)).toEqual({
      probes: 10,
      rank1: 80,
      fnir_at_fpir: { '10': 20, '1': 20, '0.3': 20, '0': 20 },
    });
  });

  it('let as many false positives pass as the rate says', () => {
    const results = Array.from({ length: 100 }, (_, at) => ({ own: 60, other: at }));
    // With ten of a hundred allowed the threshold is at 89, with none at 99: own scores of 60 pass neither.
    expect(openSetRates(results).fnir_at_fpir['10']).toBe(100);
    expect(openSetRates(results.map(({ other }) => ({ own: 95, other }))).fnir_at_fpir).toMatchObject({
      '10': 5,
      '0': 100,
    });
  });
});
