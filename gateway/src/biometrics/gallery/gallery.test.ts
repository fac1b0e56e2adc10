import { describe, expect, it } from 'vitest';
import { extract, type Template } from '../extract/extract.js';
import type { MinutiaType } from '../extract/minutiae.js';
import { EMPTY_GRID } from '../field/orientation-grid.js';
import { prepare } from '../match/compare.js';
import { press, randomPattern, seeded } from '../ridge-pattern.fixture.js';
import { encodeTemplate } from '../template/record.js';
import { decide, thresholdFor } from './decide.js';
import { Gallery } from './gallery.js';

/** Minutiae thrown at random: no finger looks like this, but a search has to cope with it all the same. */
function randomTemplate(seed: number): Template {
  const random = seeded(seed);
  const minutiae = Array.from({ length: 28 }, () => ({
    x: Math.floor(20 + 240 * random()),
    y: Math.floor(20 + 300 * random()),
    angle: Math.floor(256 * random()),
    type: (1 + Math.floor(2 * random())) as MinutiaType,
    quality: 60,
  }));
  return { width: 280, height: 340, quality: 60, skeleton: minutiae, phase: minutiae, grid: EMPTY_GRID };
}

/** The same finger once more: a few px and degrees off, three minutiae missing, moved. */
function jittered(template: Template, seed: number): Template {
  const random = seeded(seed);
  const minutiae = template.skeleton.slice(3).map((minutia) => ({
    ...minutia,
    x: minutia.x + 6 + Math.floor(5 * random()),
    y: minutia.y - 9 + Math.floor(5 * random()),
    angle: (minutia.angle + 253 + Math.floor(7 * random())) % 256,
  }));
  return { ...template, skeleton: minutiae, phase: minutiae };
}

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

describe('a gallery of many', () => {
  const crowd = Array.from({ length: 230 }, (_, at) => randomTemplate(1000 + at));
  const fill = (order: readonly number[]): Gallery => {
    const gallery = new Gallery();
    for (const at of order)
      gallery.add(`t${at}`, `finger-${at}`, encodeTemplate(crowd[at] ?? randomTemplate(1)));
    return gallery;
  };
  const upwards = crowd.map((_, at) => at);
  const gallery = fill(upwards);

  it('keeps the mate through all rounds, and answers the same in whatever order it was filled', () => {
    const seen = prepare(jittered(crowd[131] ?? randomTemplate(1), 3));
    const ranking = gallery.search(seen);
    expect(ranking[0]?.finger).toBe('finger-131');
    expect(ranking[1]?.score ?? 0).toBeLessThan((ranking[0]?.score ?? 0) - 10);
    expect(fill([...upwards].reverse()).search(seen)).toEqual(ranking);
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
