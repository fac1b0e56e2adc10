import { describe, expect, it } from 'vitest';
import { extract } from '../extract/extract.js';
import { prepare } from '../match/compare.js';
import { press, randomPattern } from '../ridge-pattern.fixture.js';
import { encodeTemplate } from '../template/record.js';
import { decide, thresholdFor } from './decide.js';
import { Gallery } from './gallery.js';

const SEEDS = [31, 32, 33, 34];
const records = SEEDS.map((seed) => encodeTemplate(extract(press(randomPattern(seed))).template));
const probe = prepare(
  extract(press(randomPattern(33), { rotation: -11, dx: 6, seed: 7, noise: 25 })).template,
);

function filled(order: readonly number[]): Gallery {
  const gallery = new Gallery();
  for (const at of order) gallery.add(`t${at}`, `finger-${SEEDS[at]}`, records[at] ?? new Uint8Array());
  return gallery;
}

describe('a gallery', () => {
  it('finds the finger', () => {
    const gallery = filled([0, 1, 2, 3]);
    const ranking = gallery.search(probe);
    expect(ranking[0]?.finger).toBe('finger-33');
    expect(decide(ranking, gallery.fingers)).toMatchObject({ kind: 'match', finger: 'finger-33' });
  });

  it('answers the same in whatever order fingers were enrolled', () => {
    expect(filled([3, 1, 0, 2]).search(probe)).toEqual(filled([0, 1, 2, 3]).search(probe));
  });

  it('knows nobody once the finger is removed', () => {
    const gallery = filled([0, 1, 2, 3]);
    expect(gallery.remove('t2')).toBe(true);
    expect(gallery.size).toBe(3);
    expect(decide(gallery.search(probe), gallery.fingers)).toEqual({ kind: 'none' });
  });

  it('counts the best of several impressions of one finger', () => {
    const gallery = filled([0, 1, 2, 3]);
    gallery.add('second', 'finger-33', records[0] ?? new Uint8Array());
    expect(gallery.search(probe)[0]).toEqual(filled([2]).search(probe)[0]);
  });

  it('refuses a damaged record and is unchanged by it', () => {
    const gallery = filled([0]);
    expect(() => gallery.add('bad', 'finger-1', records[1]?.subarray(1) ?? new Uint8Array())).toThrow(
      /TEMPLATE_INVALID/,
    );
    expect(gallery.size).toBe(1);
  });

  it('says when it is full', () => {
    const gallery = new Gallery(2);
    gallery.add('a', 'one', records[0] ?? new Uint8Array());
    gallery.add('b', 'two', records[1] ?? new Uint8Array());
    expect(() => gallery.add('c', 'three', records[2] ?? new Uint8Array())).toThrow(/GALLERY_FULL/);
    expect(() => gallery.add('b', 'two', records[2] ?? new Uint8Array())).not.toThrow();
  });
});

describe('deciding', () => {
  it('is stricter the more fingers were searched', () => {
    expect(thresholdFor(1)).toBe(30);
    expect(thresholdFor(10_000)).toBe(70);
    expect(decide([{ finger: 'a', score: 45 }], 10)).toEqual({ kind: 'match', finger: 'a', score: 45 });
    expect(decide([{ finger: 'a', score: 45 }], 1000)).toEqual({ kind: 'none' });
  });

  it('does not choose between two that both fit', () => {
    const ranking = [
      { finger: 'a', score: 75 },
      { finger: 'b', score: 68 },
    ];
    expect(decide(ranking, 10)).toEqual({ kind: 'ambiguous', fingers: ['a', 'b'] });
    expect(decide([{ finger: 'a', score: 80 }, ...ranking.slice(1)], 10)).toMatchObject({ kind: 'match' });
  });

  it('says nobody for an empty gallery', () => {
    expect(decide([], 0)).toEqual({ kind: 'none' });
  });
});
