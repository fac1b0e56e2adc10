import { describe, expect, it } from 'vitest';
import { Random } from './random.js';

describe('Random', () => {
  it('gives the same numbers for the same seed and purpose', () => {
    const draw = (seed: number, purpose: string) => [...Random.of(seed, purpose).bytes(16)];
    expect(draw(7, 'noise')).toEqual(draw(7, 'noise'));
    expect(draw(7, 'noise')).not.toEqual(draw(8, 'noise'));
    expect(draw(7, 'noise')).not.toEqual(draw(7, 'names'));
  });

  it('draws whole numbers over the whole range, both ends included', () => {
    const random = new Random(1);
    const seen = new Set(Array.from({ length: 500 }, () => random.int(3, 6)));
    expect([...seen].sort()).toEqual([3, 4, 5, 6]);
  });

  it('refuses to pick from an empty list', () => {
    expect(() => new Random(1).pick([])).toThrow(RangeError);
  });
});
