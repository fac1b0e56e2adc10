import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../random.js';
import { type Finger, growFinger } from './finger.js';
import { impressionOf, render } from './impression.js';
import { drawClass, FINGER_CLASSES, ridgeFlow } from './orientation-field.js';
import { writeFingers } from './write-fingers.js';

const SENSOR = { width: 160, height: 200, dpi: 500 };
const CALM = {
  shiftX: 0,
  shiftY: 0,
  turn: 0,
  dragX: 0,
  dragY: 0,
  twist: 0,
  pressure: 0,
  dryness: 0,
  wetness: 0,
  roughness: 0,
};

describe('an orientation field', () => {
  it('is of a class as often as nature has it', () => {
    const random = new Random(1);
    const counts = new Map<string, number>(FINGER_CLASSES.map((name) => [name, 0]));
    for (let count = 0; count < 2_000; count++) {
      const kind = drawClass(random);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    expect(counts.get('whorl')).toBeGreaterThan(2_000 * 0.24);
    expect(counts.get('arch')).toBeLessThan(2_000 * 0.07);
    expect([...counts.values()].every((count) => count > 20)).toBe(true);
  });

  it.each(
    FINGER_CLASSES,
  )('of a %s turns by nothing round the whole finger: as many deltas as cores', (kind) => {
    expect(Math.abs(turnsRound(ridgeFlow(kind, new Random(7)).whole, { x: 0, y: 0 }, 13))).toBe(0);
  });

  it('of a loop turns by half a circle round its core', () => {
    const field = ridgeFlow('left_loop', new Random(7)).whole;
    expect(turnsRound(field, { x: 0, y: 1.5 }, 2.5)).toBe(0.5);
  });
});

/** How often the direction turns on a circle: the Poincaré index. */
function turnsRound(
  field: (point: { x: number; y: number }) => number,
  { x, y }: { x: number; y: number },
  radius: number,
): number {
  const steps = 720;
  let sum = 0;
  let before = field({ x: x + radius, y });
  for (let step = 1; step <= steps; step++) {
    const angle = (2 * Math.PI * step) / steps;
    const now = field({ x: x + radius * Math.cos(angle), y: y + radius * Math.sin(angle) });
    let turn = (now - before) % Math.PI;
    if (turn > Math.PI / 2) turn -= Math.PI;
    if (turn < -Math.PI / 2) turn += Math.PI;
    sum += turn;
    before = now;
  }
  return Math.round((2 * sum) / (2 * Math.PI)) / 2;
}

describe('a grown finger', () => {
  const finger = growFinger(1, 1);

  it('has as much ridge as valley, and hardly anything between', () => {
    const heights = Array.from({ length: 4_000 }, (_, index) =>
      finger.heightAt(((index % 63) - 31) / 6, (Math.floor(index / 63) - 31) / 6),
    );
    const share = (test: (height: number) => boolean): number => heights.filter(test).length / heights.length;
    expect(share((height) => height > 0)).toBeGreaterThan(0.42);
    expect(share((height) => height > 0)).toBeLessThan(0.58);
    expect(share((height) => Math.abs(height) > 0.5)).toBeGreaterThan(0.6);
  });

  it('has ridges as far apart as people have', () => {
    const periods = Array.from({ length: 3 }, (_, index) => periodOf(growFinger(3, index)));
    for (const period of periods) {
      expect(period).toBeGreaterThan(0.36);
      expect(period).toBeLessThan(0.56);
    }
    expect(new Set(periods).size).toBeGreaterThan(1);
  });

  it('is the same for the same seed and number, and another for any other', () => {
    const at = (one: Finger): number => one.heightAt(1.23, -2.34);
    expect(at(growFinger(1, 1))).toBe(at(finger));
    expect(at(growFinger(1, 2))).not.toBe(at(finger));
    expect(at(growFinger(2, 1))).not.toBe(at(finger));
  });
});

/** Millimeters from ridge to ridge: the middle of the distances upward in the upper half, where they lie level. */
function periodOf(finger: Finger): number {
  const gaps: number[] = [];
  for (const x of [-1, -0.5, 0, 0.5, 1]) {
    let last: number | undefined;
    for (let y = 5; y < 10; y += 0.01) {
      if (finger.heightAt(x, y) < 0 || finger.heightAt(x, y - 0.01) >= 0) continue;
      if (last !== undefined) gaps.push(y - last);
      last = y;
    }
  }
  return gaps.sort((a, b) => a - b)[gaps.length >> 1] ?? 0;
}

describe('an impression', () => {
  const finger = growFinger(1, 1);

  it('is the same for the same seed and numbers, and another each time the finger is put down', () => {
    const first = impressionOf(finger, { seed: 1, number: 1, impression: 1 }, SENSOR);
    expect(impressionOf(finger, { seed: 1, number: 1, impression: 1 }, SENSOR)).toEqual(first);
    const second = impressionOf(finger, { seed: 1, number: 1, impression: 2 }, SENSOR);
    expect(second.pixels).not.toEqual(first.pixels);
  });

  it('shows dark ridges on a light ground, and no finger where it does not touch', () => {
    const { pixels } = render(finger, { ...CALM, shiftX: 4 }, SENSOR, new Random(1));
    const mean = (from: number): number => {
      let sum = 0;
      for (let row = 80; row < 120; row++)
        for (let x = from; x < from + 10; x++) sum += pixels[row * 160 + x] ?? 0;
      return sum / 400;
    };
    expect(mean(100)).toBeLessThan(mean(0) - 30);
  });

  it('is darker under pressure and wet, lighter when dry', () => {
    const ink = (touch: Partial<typeof CALM>): number => {
      const { pixels } = render(finger, { ...CALM, ...touch }, SENSOR, new Random(5));
      return -pixels.reduce((sum, pixel) => sum + pixel, 0);
    };
    expect(ink({ pressure: 1 })).toBeGreaterThan(ink({}));
    expect(ink({ wetness: 1 })).toBeGreaterThan(ink({}));
    expect(ink({ dryness: 1 })).toBeLessThan(ink({}));
  });
});

describe('writing fingers', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rollcall-fingers-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const options = { fingers: 2, impressions: 2, seed: 1, width: 96, height: 96 };

  it('names images by finger and impression', () => {
    const out = join(folder, 'new');
    writeFingers({ ...options, out });
    expect(readdirSync(out).sort()).toEqual(['1_1.png', '1_2.png', '2_1.png', '2_2.png']);
    expect(decode(readFileSync(join(out, '2_1.png')))).toMatchObject({
      width: 96,
      height: 96,
      channels: 1,
      depth: 8,
    });
  });

  it('says which folder cannot be written', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(() => writeFingers({ ...options, out: file })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('--out') }),
    );
  });
});
