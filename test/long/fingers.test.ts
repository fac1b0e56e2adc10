import { compare, type PreparedFinger, prepare } from '@rollcall/gateway/biometrics/match/compare';
import { rates } from '@rollcall/gateway/biometrics/measure/rates';
import { expect, it } from 'vitest';
import { extractAll } from '../support/finger-images.js';

const SEED = 1;
const FINGERS = 30;
const IMPRESSIONS = 4;

/*
 * Real sets give equal error rates from 0.4 to 11 percent (docs/biometrics.md). Synthetic fingers that are never
 * confused would hide a broken matcher as much as ones that nobody could tell apart.
 */
it('synthetic fingers are as hard to tell apart as real ones', () => {
  const fingers = extractAll(SEED, FINGERS, IMPRESSIONS).map((all) =>
    all.map((one) => (one === undefined ? undefined : prepare(one.template))),
  );
  const genuine: number[] = [];
  const impostor: number[] = [];
  const score = (a: PreparedFinger | undefined, b: PreparedFinger | undefined): number =>
    a === undefined || b === undefined ? 0 : compare(a, b);
  for (const [index, own] of fingers.entries()) {
    for (const [turn, one] of own.entries()) {
      for (const other of own.slice(turn + 1)) genuine.push(score(one, other));
    }
    for (const other of fingers.slice(index + 1))
      impostor.push(score(own[0], other[0]), score(own[1], other[1]));
  }
  const reaching = (points: number): number => impostor.filter((value) => value >= points).length;
  // Of fcj2020's impostors 0.8 % reach 20 points, 0.004 % reach 40.
  expect(reaching(20) / impostor.length).toBeGreaterThan(0.002);
  expect(reaching(20) / impostor.length).toBeLessThan(0.016);
  expect(reaching(40)).toBe(0);
  const { eer, fmr100 } = rates(genuine, impostor);
  expect(eer).toBeGreaterThan(0.3);
  expect(eer).toBeLessThan(10);
  expect(fmr100).toBeLessThan(15);
});
