import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomTemplate } from '../gallery/random-template.fixture.js';
import { encodeTemplate } from './record.js';
import { decodeRecordSet, encodeRecordSet, IMPRESSIONS_MAX } from './record-set.js';

const records = [1, 2, 3].map((seed) => encodeTemplate(randomTemplate(seed)));

describe('the impressions of a finger as one template', () => {
  it('come back as they went in, and one that stands alone is a set of one', () => {
    expect(decodeRecordSet(encodeRecordSet(records))).toEqual(records);
    expect(decodeRecordSet(records[0] ?? new Uint8Array())).toEqual([records[0]]);
    const shared = Buffer.concat([Buffer.from('before'), encodeRecordSet(records)]).subarray(6);
    expect(decodeRecordSet(shared)).toEqual(records);
  });

  it('are one to five', () => {
    expect(() => encodeRecordSet([])).toThrow(/TEMPLATE_INVALID/);
    const many = Array.from({ length: IMPRESSIONS_MAX + 1 }, () => records[0] ?? new Uint8Array());
    expect(() => encodeRecordSet(many)).toThrow(/TEMPLATE_INVALID/);
  });

  it('are refused cut off, changed, of a later version, and with something behind them', () => {
    const bytes = encodeRecordSet(records);
    for (let length = 0; length < bytes.length; length += 11)
      expect(() => decodeRecordSet(bytes.subarray(0, length))).toThrow(/TEMPLATE_INVALID/);
    expect(() => decodeRecordSet(Uint8Array.of(...bytes, 0))).toThrow(/TEMPLATE_INVALID/);
    const later = Uint8Array.from(bytes);
    later[2] = 2;
    expect(() => decodeRecordSet(later)).toThrow(/version 2/);
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const copy = Uint8Array.from(bytes);
        copy[at] = (copy[at] ?? 0) ^ change;
        expect(() => decodeRecordSet(copy)).toThrow(/TEMPLATE_INVALID/);
      }),
      { numRuns: 200 },
    );
  });
});
