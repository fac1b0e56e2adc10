import { describe, expect, it } from 'vitest';
import { extract } from '../extract/extract.js';
import { press, randomPattern } from '../ridge-pattern.fixture.js';
import { exportTemplate, importTemplate } from '../template/standard-records.js';
import { compare, evidenceOf, prepare } from './compare.js';
import { falseMatchRate, fuse } from './fusion.js';

const ONE_IN_A_THOUSAND = 30;
const ONE_IN_TEN_THOUSAND = 40;
const pattern = randomPattern(21);
const still = extract(press(pattern)).template;
const moved = extract(
  press(pattern, { rotation: 17, dx: 9, dy: -12, noise: 30, contrast: 70, seed: 4 }),
).template;
const others = [22, 23, 24].map((seed) => extract(press(randomPattern(seed))).template);

describe('comparing fingers', () => {
  it('knows a finger that was moved, turned and pressed differently', () => {
    expect(compare(prepare(still), prepare(moved))).toBeGreaterThan(ONE_IN_TEN_THOUSAND);
  });

  it('tells other fingers apart', () => {
    for (const other of others) {
      expect(compare(prepare(still), prepare(other))).toBeLessThan(ONE_IN_A_THOUSAND);
      expect(compare(prepare(moved), prepare(other))).toBeLessThan(ONE_IN_A_THOUSAND);
    }
  });

  it('gives the same score again, and nearly the same the other way round', () => {
    const score = compare(prepare(still), prepare(moved));
    expect(compare(prepare(still), prepare(moved))).toBe(score);
    expect(Math.abs(compare(prepare(moved), prepare(still)) - score)).toBeLessThan(0.15 * score);
  });

  it('works on what came back from a standard record', () => {
    const imported = [still, moved].map((template) =>
      prepare(importTemplate(exportTemplate(template, 'iso2005'))),
    );
    const [a, b] = imported;
    if (a === undefined || b === undefined) throw new Error('two templates were imported');
    expect(compare(a, b)).toBeGreaterThan(ONE_IN_TEN_THOUSAND);
  });

  it('scores nothing with nothing', () => {
    const empty = prepare({ ...still, skeleton: [], phase: [] });
    expect(evidenceOf(empty, empty).every(Number.isFinite)).toBe(true);
    expect(compare(empty, prepare(still))).toBeLessThan(10);
  });

  it('gives nothing to a record whose ridge flow was cut away', () => {
    for (const other of others) {
      const { width, height } = other.grid;
      const cells = new Uint8Array(width * height);
      cells[0] = 1;
      const cut = prepare({ ...other, grid: { width, height, cells } });
      // Shares of two front ends, each one at most.
      expect(evidenceOf(prepare(still), cut)[2]).toBeLessThan(2);
      expect(compare(prepare(still), cut)).toBeLessThan(ONE_IN_A_THOUSAND);
    }
  });

  it('stays bounded with as many minutiae as a record can hold', () => {
    const crowd = Array.from({ length: 120 }, (_, at) => ({
      ...still.skeleton[0],
      x: at % 12,
      y: at % 7,
      angle: at,
    }));
    const prepared = prepare({ ...still, skeleton: crowd as never, phase: crowd as never });
    expect(Number.isFinite(compare(prepared, prepared))).toBe(true);
  });
});

describe('the fused score', () => {
  it('stands for a false match rate: ten points a decade, never negative', () => {
    expect(falseMatchRate(60)).toBeCloseTo(1e-6, 12);
    expect(fuse(evidenceOf(prepare(still), prepare(still)).map(() => 0))).toBeGreaterThanOrEqual(0);
  });
});
