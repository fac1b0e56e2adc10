import { ENDING } from '@rollcall/gateway/biometrics/extract/minutiae';
import { compare, prepare } from '@rollcall/gateway/biometrics/match/compare';
import { expect, it } from 'vitest';
import { extractAll } from '../support/finger-images.js';

const SEED = 20_261_125;

/*
 * Quantiles of real prints (fcj2020): 21 to 60 minutiae in nine of ten, 38 in the middle; quality 39 to 94. Synthetic
 * ones have to lie there, or what is tested with them says nothing about people.
 */
it('synthetic fingers are to the engine what real ones are, and tell each other apart', () => {
  const fingers = extractAll(SEED, 8, 2);
  const seen = fingers.flat().filter((one) => one !== undefined);
  expect(seen.length).toBeGreaterThanOrEqual(15);
  const counts = seen.flatMap(({ template }) => [template.skeleton.length, template.phase.length]);
  expect(middleOf(counts)).toBeGreaterThan(25);
  expect(middleOf(counts)).toBeLessThan(55);
  const qualities = seen.map(({ quality }) => quality.score);
  expect(Math.max(...qualities) - Math.min(...qualities)).toBeGreaterThan(15);
  const endings = seen.map(
    ({ template }) =>
      template.skeleton.filter(({ type }) => type === ENDING).length / template.skeleton.length,
  );
  expect(middleOf(endings)).toBeGreaterThan(0.35);
  expect(middleOf(endings)).toBeLessThan(0.75);

  const prepared = fingers.map((pair) =>
    pair.map((one) => (one === undefined ? undefined : prepare(one.template))),
  );
  const score = (a = prepared[0]?.[0], b = prepared[0]?.[0]): number =>
    a === undefined || b === undefined ? 0 : compare(a, b);
  const own = prepared.map(([a, b]) => score(a, b));
  const others = prepared.flatMap((pair, index) =>
    prepared.slice(index + 1).flatMap((other) => pair.flatMap((a) => other.map((b) => score(a, b)))),
  );
  // Not all of them: some impressions of real people match nothing either.
  expect(own.filter((value) => value > Math.max(...others)).length).toBeGreaterThanOrEqual(6);
  // Of pairs of different people 0.8 % reach 20 points (fcj2020), though three in ten of them are of one class.
  expect(others).toHaveLength(112);
  expect(others.filter((value) => value >= 20).length).toBeLessThanOrEqual(3);
});

function middleOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
