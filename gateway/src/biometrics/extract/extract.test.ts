import { hasCode } from '@rollcall/protocol/errors';
import { describe, expect, it } from 'vitest';
import type { GreyImage } from '../image/grey-image.js';
import { press, type RidgePattern, randomPattern, seeded } from '../ridge-pattern.fixture.js';
import { extract } from './extract.js';
import type { Minutia } from './minutiae.js';

/** Share of planted minutiae that have a found one within a ridge period. */
function foundShare(pattern: RidgePattern, found: readonly Minutia[]): number {
  const hits = pattern.minutiae.filter(({ x, y }) =>
    found.some((minutia) => Math.hypot(minutia.x - x, minutia.y - y) <= 9),
  );
  return hits.length / pattern.minutiae.length;
}

describe('both front ends', () => {
  const pattern = randomPattern(5);
  const { template } = extract(press(pattern));

  it.each(['skeleton', 'phase'] as const)('%s finds the planted minutiae and few others', (side) => {
    expect(foundShare(pattern, template[side])).toBeGreaterThanOrEqual(0.85);
    expect(template[side].length).toBeLessThanOrEqual(pattern.minutiae.length + 8);
  });

  it('agree about where each minutia points', () => {
    const both = template.skeleton.flatMap((one) => {
      const other = template.phase.find(({ x, y }) => Math.hypot(x - one.x, y - one.y) <= 9);
      return other === undefined ? [] : [Math.cos(((one.angle - other.angle) * 2 * Math.PI) / 256)];
    });
    expect(both.length).toBeGreaterThanOrEqual(12);
    expect(both.filter((cosine) => cosine > 0.8).length / both.length).toBeGreaterThanOrEqual(0.9);
  });

  it('point towards the side that has one ridge more', () => {
    // A turn of the phase adds a ridge on the side along the ridges; the other sense adds it on the opposite side.
    const upright: RidgePattern = { ...pattern, lean: 0, bend: 0, minutiae: pattern.minutiae.slice(0, 6) };
    const found = extract(press(upright)).template.phase;
    for (const planted of upright.minutiae) {
      const near = found.find(({ x, y }) => Math.hypot(x - planted.x, y - planted.y) <= 9);
      const right = Math.cos(((near?.angle ?? 64) * 2 * Math.PI) / 256);
      expect(Math.sign(right)).toBe(planted.turn);
    }
  });
});

describe('extract', () => {
  it('gives the same template on every run', () => {
    const image = press(randomPattern(3));
    expect(extract(image).template).toEqual(extract(image).template);
  });

  it('sees bright ridges on dark glass as it sees dark ridges on bright glass', () => {
    const pattern = randomPattern(4);
    const bright = extract(press(pattern, { areRidgesBright: true })).template;
    expect(foundShare(pattern, bright.skeleton)).toBeGreaterThanOrEqual(0.8);
  });

  it.each([400, 569, 1000])('resamples %i dpi', (dpi) => {
    const pattern = randomPattern(6);
    const { template } = extract(press(pattern, { dpi }));
    expect(Math.abs(template.width - pattern.width)).toBeLessThanOrEqual(1);
    expect(foundShare(pattern, template.phase)).toBeGreaterThanOrEqual(0.8);
  });

  it('is not confused by spotless glass beside the finger', () => {
    const print = press(randomPattern(12), { noise: 60 });
    const pixels = print.pixels.map((value, at) => (at % print.width < 40 ? 255 : value));
    const { template, views } = extract({ ...print, pixels });
    expect(views.plane.data.every(Number.isFinite)).toBe(true);
    expect(template.quality).toBeGreaterThan(0);
  });

  it('refuses an image without a finger', () => {
    const random = seeded(9);
    const blank = { width: 200, height: 200, dpi: 500, pixels: new Uint8Array(40_000).fill(240) };
    const specks = { ...blank, pixels: blank.pixels.map(() => 236 + Math.floor(4 * random())) };
    for (const image of [blank, specks]) expect(() => extract(image)).toThrow(/FINGER_UNREADABLE/);
  });

  it('gives a template or a typed error for any picture', () => {
    for (let seed = 1; seed <= 6; seed += 1) {
      expect(outcome(strangePicture(seed))).toMatch(/^(template|FINGER_UNREADABLE|IMAGE_INVALID)$/);
    }
  });

  it('refuses a resolution that would make the picture larger than a hand', () => {
    const pixels = new Uint8Array(1600 * 1500);
    expect(outcome({ width: 1600, height: 1500, dpi: 250, pixels })).toBe('IMAGE_INVALID');
  });
});

describe('quality', () => {
  it('says that there is too little of the finger', () => {
    const small = { ...randomPattern(8, 6), width: 110, height: 120, minutiae: [] };
    const pattern = {
      ...small,
      minutiae: [
        { x: 45, y: 50, turn: 1 as const },
        { x: 70, y: 70, turn: -1 as const },
      ],
    };
    const image = press(pattern, { noise: 30 });
    expect(
      outcome(image) === 'FINGER_UNREADABLE' || extract(image).quality.reasons.includes('too_little_finger'),
    ).toBe(true);
  });

  it('is higher for a clean print than for a noisy one', () => {
    const pattern = randomPattern(11);
    const clean = extract(press(pattern)).quality;
    const noisy = extract(press(pattern, { noise: 150 })).quality;
    expect(clean.score).toBeGreaterThan(noisy.score);
    expect(clean.coherence).toBeGreaterThan(noisy.coherence);
  });
});

function outcome(image: GreyImage): string {
  try {
    extract(image);
    return 'template';
  } catch (error) {
    for (const code of ['FINGER_UNREADABLE', 'IMAGE_INVALID'] as const) if (hasCode(error, code)) return code;
    throw error;
  }
}

/** Noise, checkerboards, stripes and gradients, as a broken sensor sends them. */
function strangePicture(seed: number): GreyImage {
  const random = seeded(seed);
  const width = 32 + Math.floor(200 * random());
  const height = 32 + Math.floor(200 * random());
  const kind = seed % 4;
  const pixels = Uint8Array.from({ length: width * height }, (_, at) => {
    const x = at % width;
    const y = Math.floor(at / width);
    if (kind === 0) return 255 * random();
    if (kind === 1) return ((x >> 2) + (y >> 2)) % 2 === 0 ? 255 : 0;
    if (kind === 2) return x % 9 < 4 ? 20 : 230;
    return (x * 255) / width;
  });
  return { width, height, dpi: 500, pixels };
}
