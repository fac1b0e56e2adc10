import { describe, expect, it } from 'vitest';
import { fromEf01, fromRaw8 } from './raw.js';
import { toWorkingDpi } from './resample.js';

describe('raw images', () => {
  it('spreads four bits over the whole range, the upper nibble first', () => {
    const bytes = new Uint8Array((256 * 288) / 2).fill(0x0f);
    bytes[1] = 0x73;
    const image = fromEf01(bytes, { width: 256, height: 288 });
    expect([...image.pixels.subarray(0, 4)]).toEqual([0, 255, 7 * 17, 3 * 17]);
    expect(image.dpi).toBe(500);
  });

  it('refuses an upload of the wrong length, an impossible size and an impossible resolution', () => {
    const size = { width: 192, height: 192 };
    expect(() => fromEf01(new Uint8Array(18_431), size)).toThrow(/IMAGE_INVALID/);
    expect(() => fromRaw8(new Uint8Array(18_432), size)).toThrow(/IMAGE_INVALID/);
    expect(() => fromRaw8(new Uint8Array(10), { width: 1e9, height: 1e9 })).toThrow(/IMAGE_INVALID/);
    expect(() => fromRaw8(new Uint8Array(36_864), { ...size, dpi: Number.NaN })).toThrow(/IMAGE_INVALID/);
  });
});

describe('resampling', () => {
  it('leaves 500 dpi alone, and keeps flat areas flat at any other', () => {
    const flat = { width: 100, height: 80, pixels: new Uint8Array(8000).fill(90) };
    const same = { ...flat, dpi: 500 };
    expect(toWorkingDpi(same)).toBe(same);
    for (const dpi of [300, 400, 569, 1000]) {
      const { width, height, pixels } = toWorkingDpi({ ...flat, dpi });
      expect(width).toBe(Math.round((100 * 500) / dpi));
      expect(height).toBe(Math.round((80 * 500) / dpi));
      expect(pixels.every((value) => value === 90)).toBe(true);
    }
  });
});
