import { describe, expect, it } from 'vitest';
import { extract } from '../extract/extract.js';
import { loadSearch } from '../node/load-kernels.js';
import { press, randomPattern } from '../ridge-pattern.fixture.js';
import { encodeTemplate } from '../template/record.js';
import { decide, decideVerification, thresholdFor } from './decide.js';
import { Gallery } from './gallery.js';
import { jittered, randomTemplate } from './random-template.fixture.js';

const SEEDS = [31, 32, 33, 34];
const records = SEEDS.map((seed) => encodeTemplate(extract(press(randomPattern(seed))).template));
const probe = encodeTemplate(
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
    expect(decide(ranking, { fingers: gallery.fingers })).toMatchObject({
      kind: 'match',
      finger: 'finger-33',
    });
  });

  it('answers the same in whatever order fingers were enrolled', () => {
    expect(filled([3, 1, 0, 2]).search(probe)).toEqual(filled([0, 1, 2, 3]).search(probe));
  });

  it('knows nobody once the finger is removed', () => {
    const gallery = filled([0, 1, 2, 3]);
    expect(gallery.remove('t2')).toBe(true);
    expect(gallery.size).toBe(3);
    expect(decide(gallery.search(probe), { fingers: gallery.fingers })).toEqual({ kind: 'none' });
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

  it('looks at the expected people first, and no further where one of them fits without doubt', () => {
    const mate = crowd[17] ?? randomTemplate(1);
    const seen = encodeTemplate(jittered(mate, 5));
    const expected = ['finger-17', 'finger-90', 'finger-91'];
    const ranking = gallery.search(seen, { expected, limit: 300 });
    expect(ranking[0]).toEqual(gallery.search(seen)[0]);
    expect(ranking.map(({ finger }) => finger).sort()).toEqual(expected);
  });

  it('searches on where none of the expected people fits', () => {
    const seen = encodeTemplate(jittered(crowd[18] ?? randomTemplate(1), 5));
    const ranking = gallery.search(seen, { expected: ['finger-90', 'finger-91'], limit: 300 });
    expect(ranking[0]?.finger).toBe('finger-18');
    expect(ranking.map(({ finger }) => finger)).toContain('finger-90');
  });

  it('answers the same in WebAssembly, also after templates came and went', () => {
    const other = new Gallery(300, loadSearch());
    for (const at of upwards.slice(0, 20))
      other.add(`t${at}`, 'gone', encodeTemplate(crowd[(at + 1) % 230] ?? randomTemplate(1)));
    for (const at of upwards)
      other.add(`t${at}`, `finger-${at}`, encodeTemplate(crowd[at] ?? randomTemplate(1)));
    other.add('more', 'another', encodeTemplate(crowd[3] ?? randomTemplate(1)));
    expect(other.remove('more')).toBe(true);
    expect([other.size, other.fingers]).toEqual([230, 230]);
    const seen = encodeTemplate(jittered(crowd[5] ?? randomTemplate(1), 5));
    expect(other.search(seen, { limit: 50 })).toEqual(gallery.search(seen, { limit: 50 }));
  });

  it('keeps the mate through all rounds, and answers the same in whatever order it was filled', () => {
    const seen = encodeTemplate(jittered(crowd[131] ?? randomTemplate(1), 3));
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
    expect(decide([{ finger: 'a', score: 45 }], { fingers: 10 })).toEqual({
      kind: 'match',
      finger: 'a',
      score: 45,
      lead: 45,
    });
    expect(decide([{ finger: 'a', score: 45 }], { fingers: 1000 })).toEqual({ kind: 'none' });
  });

  it('takes two fingers of one person for no rivals, and a third one of another for one', () => {
    const ranking = [
      { finger: 'a/1', score: 75 },
      { finger: 'a/2', score: 74 },
    ];
    const personOf = (finger: string): string => finger.slice(0, 1);
    expect(decide(ranking, { fingers: 10 })).toMatchObject({ kind: 'ambiguous' });
    expect(decide(ranking, { fingers: 10, personOf })).toMatchObject({ kind: 'match', finger: 'a/1' });
    const three = [...ranking, { finger: 'b/1', score: 70 }];
    expect(decide(three, { fingers: 10, personOf })).toEqual({
      kind: 'ambiguous',
      fingers: ['a/1', 'b/1'],
    });
  });

  it('verifies by the rate of one comparison, and of two where the person has two fingers', () => {
    const verified = (...scores: number[]): string =>
      decideVerification(scores.map((score, at) => ({ finger: `a/${at}`, score }))).kind;
    expect([verified(40), verified(39.9), verified()]).toEqual(['match', 'none', 'none']);
    expect([verified(43.1, 2), verified(42.9, 2)]).toEqual(['match', 'none']);
  });

  it('does not choose between two that both fit', () => {
    const ranking = [
      { finger: 'a', score: 75 },
      { finger: 'b', score: 68 },
    ];
    expect(decide(ranking, { fingers: 10 })).toEqual({ kind: 'ambiguous', fingers: ['a', 'b'] });
    expect(decide([{ finger: 'a', score: 80 }, ...ranking.slice(1)], { fingers: 10 })).toMatchObject({
      kind: 'match',
    });
  });

  it('asks less of people who are expected here now, and of nobody else', () => {
    const searched = { fingers: 5000, expected: Array.from({ length: 60 }, (_, at) => `f${at}`) };
    expect(decide([{ finger: 'f7', score: 52 }], searched)).toMatchObject({ kind: 'match', finger: 'f7' });
    expect(decide([{ finger: 'x', score: 52 }], searched)).toEqual({ kind: 'none' });
    expect(decide([{ finger: 'f7', score: 52 }], { fingers: 5000 })).toEqual({ kind: 'none' });
    const better = [
      { finger: 'x', score: 54 },
      { finger: 'f7', score: 52 },
    ];
    expect(decide(better, searched)).toEqual({ kind: 'ambiguous', fingers: ['f7', 'x'] });
  });

  it('says nobody for an empty gallery', () => {
    expect(decide([], { fingers: 0 })).toEqual({ kind: 'none' });
  });
});
