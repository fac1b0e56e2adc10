import { hasCode } from '@rollcall/protocol/errors';
import fc from 'fast-check';
import { encode } from 'fast-png';
import { zlibSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../template/crc32.js';
import { fromPng, toRgbPng } from './png.js';

const WIDTH = 40;
const HEIGHT = 33;
const GREY = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, at) => (at * 7) % 256);
const PNG = encode({ width: WIDTH, height: HEIGHT, data: GREY, depth: 8, channels: 1 });

function chunk(type: string, data: Uint8Array): number[] {
  const named = Uint8Array.from([...new TextEncoder().encode(type), ...data]);
  return [...word(data.length), ...named, ...word(crc32(named))];
}

function word(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/** A PNG by hand: what no encoder would write. */
function handmade(
  header: { width: number; height: number; depth?: number; color?: number },
  more: number[],
): Uint8Array {
  const { width, height, depth = 8, color = 0 } = header;
  const ihdr = Uint8Array.from([...word(width), ...word(height), depth, color, 0, 0, 0]);
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  return Uint8Array.from([...signature, ...chunk('IHDR', ihdr), ...more, ...chunk('IEND', new Uint8Array())]);
}

describe('reading PNG images', () => {
  it('gives 8-bit grey as it is, at 500 dpi where nothing is said', () => {
    expect(fromPng(PNG)).toEqual({ width: WIDTH, height: HEIGHT, dpi: 500, pixels: GREY });
  });

  it('takes the resolution from pHYs, and a given one before it', () => {
    const perMeter = 22402; // 569 dpi
    const rows = Uint8Array.from({ length: HEIGHT * (WIDTH + 1) });
    const physical = Uint8Array.from([...word(perMeter), ...word(perMeter), 1]);
    const png = handmade({ width: WIDTH, height: HEIGHT }, [
      ...chunk('pHYs', physical),
      ...chunk('IDAT', zlibSync(rows)),
    ]);
    expect(fromPng(png).dpi).toBe(569);
    expect(fromPng(png, 1000).dpi).toBe(1000);
  });

  it('turns colors, 16 bits and single bits into grey', () => {
    const rgb = Uint8Array.from({ length: 3 * WIDTH * HEIGHT }, (_, at) => [255, 0, 0][at % 3] ?? 0);
    expect(fromPng(toRgbPng(WIDTH, HEIGHT, rgb)).pixels[0]).toBe(76);
    const deep = Uint16Array.from(GREY, (value) => value * 256);
    const png16 = encode({ width: WIDTH, height: HEIGHT, data: deep, depth: 16, channels: 1 });
    expect(fromPng(png16).pixels).toEqual(GREY);
    const rows = Uint8Array.from({ length: HEIGHT * (1 + WIDTH / 8) }, (_, at) => (at % 6 === 0 ? 0 : 0xf0));
    const png1 = handmade({ width: WIDTH, height: HEIGHT, depth: 1 }, chunk('IDAT', zlibSync(rows)));
    expect([...fromPng(png1).pixels.subarray(0, 10)]).toEqual([255, 255, 255, 255, 0, 0, 0, 0, 255, 255]);
  });

  it('refuses every cut', () => {
    for (let length = 0; length < PNG.length; length += 5) {
      expect(() => fromPng(PNG.subarray(0, length))).toThrow(/IMAGE_INVALID/);
    }
  });

  it('refuses an image that inflates to more than its header says, before it has', () => {
    const bomb = zlibSync(new Uint8Array(2 * 1024 * 1024));
    const png = handmade({ width: WIDTH, height: HEIGHT }, chunk('IDAT', bomb));
    expect(() => fromPng(png)).toThrow(/more than its header says/);
  });

  it('does not open chunks it does not need', () => {
    const profile = Uint8Array.from([0x61, 0, 0, ...zlibSync(new Uint8Array(2 * 1024 * 1024))]);
    const rows = new Uint8Array(HEIGHT * (WIDTH + 1));
    const png = handmade({ width: WIDTH, height: HEIGHT }, [
      ...chunk('iCCP', profile),
      ...chunk('IDAT', zlibSync(rows)),
    ]);
    expect(fromPng(png).pixels[0]).toBe(0);
  });

  it('refuses sizes that no sensor has, without allocating them', () => {
    for (const [width, height] of [
      [60_000, 60_000],
      [8, 300],
      [2000, 2000],
    ] as const) {
      expect(() => fromPng(handmade({ width, height }, chunk('IDAT', zlibSync(new Uint8Array(9)))))).toThrow(
        /IMAGE_INVALID/,
      );
    }
  });

  it('reads anything or throws IMAGE_INVALID', () => {
    const changed = fc
      .array(fc.tuple(fc.nat(PNG.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 })
      .map((changes) => {
        const bytes = Uint8Array.from(PNG);
        for (const [at, value] of changes) bytes[at] = value;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 100 })), (bytes) => {
        try {
          return fromPng(bytes).pixels.length > 0;
        } catch (error) {
          return hasCode(error, 'IMAGE_INVALID');
        }
      }),
      { seed: 2, numRuns: 400 },
    );
  });
});
