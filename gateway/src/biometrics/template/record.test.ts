import { hasCode } from '@rollcall/protocol/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Template } from '../extract/extract.js';
import type { Minutia, MinutiaType } from '../extract/minutiae.js';
import { seeded } from '../ridge-pattern.fixture.js';
import { crc32 } from './crc32.js';
import { decodeTemplate, encodeTemplate } from './record.js';
import { exportTemplate, importTemplate } from './standard-records.js';

function minutiae(count: number, seed: number): Minutia[] {
  const random = seeded(seed);
  return Array.from({ length: count }, () => ({
    x: Math.floor(280 * random()),
    y: Math.floor(360 * random()),
    angle: Math.floor(256 * random()),
    type: Math.floor(3 * random()) as MinutiaType,
    quality: 2 + 2 * Math.floor(49 * random()),
  }));
}

const TEMPLATE: Template = {
  width: 280,
  height: 360,
  quality: 77,
  skeleton: minutiae(38, 1),
  phase: minutiae(41, 2),
  grid: { width: 18, height: 23, cells: Uint8Array.from({ length: 18 * 23 }, (_, at) => at % 256) },
};

describe('the compact record', () => {
  it('gives back what went in, in less than a kilobyte', () => {
    const bytes = encodeTemplate(TEMPLATE);
    expect(decodeTemplate(bytes)).toEqual(TEMPLATE);
    expect(bytes.length).toBeLessThan(1024);
  });

  it('refuses every cut and every changed byte', () => {
    const bytes = encodeTemplate(TEMPLATE);
    for (let length = 0; length < bytes.length; length += 7) {
      expect(() => decodeTemplate(bytes.subarray(0, length))).toThrow(/TEMPLATE_INVALID/);
    }
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      expect(() => decodeTemplate(changed)).toThrow(/TEMPLATE_INVALID/);
    }
  });

  it('says that a newer version needs a newer program', () => {
    const bytes = encodeTemplate(TEMPLATE);
    bytes[2] = 2;
    expect(() => decodeTemplate(bytes)).toThrow(/Update the program/);
  });

  it('refuses a record whose checksum is right and whose content is not', () => {
    const hostile = encodeTemplate({ ...TEMPLATE, width: 20 });
    expect(() => decodeTemplate(hostile)).toThrow(/TEMPLATE_INVALID/);
  });

  it('reads anything or throws TEMPLATE_INVALID, with a right checksum too', () => {
    const start = encodeTemplate(TEMPLATE).subarray(0, 12);
    const signed = fc
      .tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(11), fc.nat(255))
      .map(([rest, at, value]) => {
        const body = Uint8Array.from([...start, ...rest]);
        body[at] = value;
        const sum = crc32(body);
        return Uint8Array.from([...body, sum >>> 24, (sum >>> 16) & 255, (sum >>> 8) & 255, sum & 255]);
      });
    fc.assert(
      fc.property(fc.oneof(signed, fc.uint8Array({ maxLength: 300 })), (bytes) => {
        try {
          decodeTemplate(bytes);
          return true;
        } catch (error) {
          return hasCode(error, 'TEMPLATE_INVALID');
        }
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  it('has the checksum of everybody else', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });
});

describe('standard records', () => {
  it.each(['iso2005', 'iso2011', 'incits378'] as const)('%s holds the first set', (format) => {
    const { skeleton, phase, width, grid } = importTemplate(exportTemplate(TEMPLATE, format));
    expect(width).toBe(280);
    expect(phase).toEqual(skeleton);
    expect(grid.cells).toHaveLength(0);
    const places = (list: readonly Minutia[]) => list.map(({ x, y, type }) => `${x},${y},${type}`).sort();
    expect(places(skeleton)).toEqual(places(TEMPLATE.skeleton));
  });

  it('scales a record of another resolution to 500 dpi', () => {
    const bytes = exportTemplate(TEMPLATE, 'iso2005');
    bytes.set([0x01, 0x8a, 0x01, 0x8a], 18);
    const { width, skeleton } = importTemplate(bytes);
    expect(width).toBe(140);
    expect(Math.max(...skeleton.map(({ x }) => x))).toBeLessThan(140);
  });

  it('refuses a record whose image is larger than a hand, or without a minutia', () => {
    const huge = exportTemplate({ ...TEMPLATE, width: 2001 }, 'iso2005');
    expect(() => importTemplate(huge)).toThrow(/TEMPLATE_INVALID/);
    const empty = exportTemplate({ ...TEMPLATE, skeleton: [] }, 'iso2005');
    expect(() => importTemplate(empty)).toThrow(/TEMPLATE_INVALID/);
  });
});
