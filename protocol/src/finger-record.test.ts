import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasCode } from './errors.js';
import {
  FINGER_RECORD_FORMATS,
  type FingerMinutia,
  type FingerRecord,
  fromAnsiAngle,
  toAnsiAngle,
} from './finger-record.js';
import { readFingerRecord } from './finger-record-read.js';
import { writeFingerRecord } from './finger-record-write.js';

/** The worked records of the protocol description §6: the same three minutiae in every layout. */
const WORKED = {
  iso2005:
    '46 4D 52 00 20 32 30 00 00 00 00 30 00 00 01 2C 01 90 00 C5 00 C5 01 00 02 00 56 03 40 64 00 96 20 50 80 8C 00 D2 60 3C 00 3C 00 FA C0 00 00 00',
  'incits378-2004':
    '46 4D 52 00 20 32 30 00 00 32 01 03 00 01 80 00 01 2C 01 90 00 C5 00 C5 01 00 02 00 56 03 40 64 00 96 16 50 80 8C 00 D2 44 3C 00 3C 00 FA 87 00 00 00',
  iso2011:
    '46 4D 52 00 30 33 30 00 00 00 00 49 00 01 01 00 00 00 3A 07 EA 07 0F 03 23 1E 00 FA 01 00 00 00 00 01 56 00 0F 00 01 00 02 00 00 C5 00 C5 00 01 2C 01 90 60 03 40 64 00 96 20 50 80 8C 00 D2 60 3C 00 3C 00 FA C0 00 00 00',
  'incits378-2009':
    '46 4D 52 00 30 33 30 00 00 00 00 3A 01 03 00 01 00 00 00 01 00 02 00 00 56 01 03 00 01 01 2C 01 90 00 C5 00 C5 03 40 64 00 96 16 50 80 8C 00 D2 44 3C 00 3C 00 FA 87 00 00 00',
  'incits378-2009-am1':
    '46 4D 52 00 30 33 35 00 00 00 00 3A 01 03 00 01 00 00 00 01 00 02 00 00 56 01 03 00 01 01 2C 01 90 00 C5 00 C5 03 40 64 00 96 16 50 80 8C 00 D2 44 3C 00 3C 00 FA 87 00 00 00',
} as const;
const MINUTIAE: FingerMinutia[] = [
  { type: 1, x: 100, y: 150, angle: 32, quality: 80 },
  { type: 2, x: 140, y: 210, angle: 96, quality: 60 },
  { type: 0, x: 60, y: 250, angle: 192, quality: 0 },
];
const RECORD: FingerRecord = {
  views: [
    {
      position: 2,
      impression: 0,
      quality: 86,
      width: 300,
      height: 400,
      resolutionX: 197,
      resolutionY: 197,
      minutiae: MINUTIAE,
    },
  ],
};

const fromHex = (text: string): Uint8Array =>
  Uint8Array.from(text.split(' '), (byte) => Number.parseInt(byte, 16));

describe('reading finger records', () => {
  it.each(Object.entries(WORKED))('%s: the worked record', (format, hex) => {
    const record = readFingerRecord(fromHex(hex));
    expect(record.format).toBe(format);
    expect(record.warnings).toEqual([]);
    expect(record.views).toHaveLength(1);
    expect(record.views[0]).toMatchObject({
      position: 2,
      quality: 86,
      width: 300,
      height: 400,
      resolutionX: 197,
    });
    expect(record.views[0]?.minutiae.map(({ type, x, y, quality }) => ({ type, x, y, quality }))).toEqual(
      MINUTIAE.map(({ type, x, y, quality }) => ({ type, x, y, quality })),
    );
    // ANSI steps are coarser: a round trip may move an angle by one ISO step.
    for (const [at, { angle }] of (record.views[0]?.minutiae ?? []).entries()) {
      expect(Math.abs(angle - (MINUTIAE[at]?.angle ?? 0))).toBeLessThanOrEqual(1);
    }
  });

  it('survives lengths that are wrong by two bytes, and says so', () => {
    const iso = fromHex(WORKED.iso2005);
    iso[11] = iso.length - 1;
    expect(readFingerRecord(iso).warnings).toEqual(['47 bytes declared, 48 there']);
    const extended = Uint8Array.from([...iso.subarray(0, -2), 0, 42, ...new Uint8Array(41)]);
    extended[11] = extended.length;
    expect(readFingerRecord(extended).warnings).toEqual(['extensions: 42 bytes declared, 41 there']);
  });

  it('takes ISO angles in an ANSI record for what they are', () => {
    const ansi = fromHex(WORKED['incits378-2004']);
    ansi[34] = 200;
    const record = readFingerRecord(ansi);
    expect(record.warnings).toEqual(['angles in steps of ISO/IEC 19794-2']);
    expect(record.views[0]?.minutiae[0]?.angle).toBe(200);
  });

  it('refuses every record that is cut off before its last minutia', () => {
    for (const hex of Object.values(WORKED)) {
      const bytes = fromHex(hex);
      for (let length = 0; length < bytes.length - 4; length += 1) {
        expect(() => readFingerRecord(bytes.subarray(0, length))).toThrow(/TEMPLATE_INVALID/);
      }
    }
  });

  it('reads anything or throws TEMPLATE_INVALID', () => {
    const damaged = fc
      .constantFrom(...Object.values(WORKED))
      .chain((hex) =>
        fc
          .array(fc.tuple(fc.nat(72), fc.nat(255)), { minLength: 1, maxLength: 6 })
          .map((changes) => damage(fromHex(hex), changes)),
      );
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        try {
          const { views } = readFingerRecord(bytes);
          return views.every(({ minutiae }) =>
            minutiae.every(({ angle, type }) => angle <= 255 && type <= 2),
          );
        } catch (error) {
          return hasCode(error, 'TEMPLATE_INVALID');
        }
      }),
      { seed: 197942, numRuns: 2000 },
    );
  });
});

describe('writing finger records', () => {
  it('writes the worked ISO 2005 record to the byte', () => {
    expect(writeFingerRecord(RECORD, 'iso2005')).toEqual(fromHex(WORKED.iso2005));
  });

  it('writes the worked INCITS 378 record but for the product it names', () => {
    const expected = fromHex(WORKED['incits378-2004']);
    // Owner, type and certification are those of the sample's maker.
    expected.set([0, 0, 0, 0, 0], 10);
    expect(writeFingerRecord(RECORD, 'incits378')).toEqual(expected);
  });

  it.each(FINGER_RECORD_FORMATS)('%s: what was written is read again, without warnings', (format) => {
    const record = { views: [...RECORD.views, ...RECORD.views] };
    const { views, warnings } = readFingerRecord(writeFingerRecord(record, format));
    expect(warnings).toEqual([]);
    expect(views).toHaveLength(2);
    expect(views[1]?.minutiae).toHaveLength(3);
    expect(views[1]?.minutiae[1]).toMatchObject({ x: 140, y: 210, type: 2 });
  });

  it('refuses what the layout cannot hold', () => {
    const [view] = RECORD.views;
    if (view === undefined) throw new Error('the record has a view');
    const wide = {
      views: [{ ...view, minutiae: [{ type: 1 as const, x: 16384, y: 0, angle: 0, quality: 1 }] }],
    };
    expect(() => writeFingerRecord(wide, 'iso2005')).toThrow(/TEMPLATE_INVALID/);
    expect(() => writeFingerRecord({ views: [] }, 'iso2011')).toThrow(/TEMPLATE_INVALID/);
    const mixed = { views: [view, { ...view, width: 301 }] };
    expect(() => writeFingerRecord(mixed, 'incits378')).toThrow(/TEMPLATE_INVALID/);
    expect(() => writeFingerRecord(mixed, 'iso2011')).not.toThrow();
  });
});

describe('angles', () => {
  it('go to 2° steps and back within one step', () => {
    expect([0, 32, 64, 127, 128, 192, 255].map(toAnsiAngle)).toEqual([0, 22, 45, 89, 90, 135, 179]);
    for (let angle = 0; angle < 256; angle += 1) {
      const away = Math.abs(fromAnsiAngle(toAnsiAngle(angle)) - angle);
      expect(Math.min(away, 256 - away)).toBeLessThanOrEqual(1);
    }
  });
});

function damage(bytes: Uint8Array, changes: readonly [number, number][]): Uint8Array {
  for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
  return bytes;
}
