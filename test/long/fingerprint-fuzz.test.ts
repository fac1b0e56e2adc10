import { growFinger } from '@rollcall/firmware-sim/fingers/finger';
import { impressionOf } from '@rollcall/firmware-sim/fingers/impression';
import { extract } from '@rollcall/gateway/biometrics/extract/extract';
import type { GreyImage } from '@rollcall/gateway/biometrics/image/grey-image';
import { fromPng, toRgbPng } from '@rollcall/gateway/biometrics/image/png';
import { fromEf01, fromRaw8 } from '@rollcall/gateway/biometrics/image/raw';
import { compare, prepare } from '@rollcall/gateway/biometrics/match/compare';
import { loadKernels } from '@rollcall/gateway/biometrics/node/load-kernels';
import { decodeTemplate, encodeTemplate } from '@rollcall/gateway/biometrics/template/record';
import { exportTemplate, importTemplate } from '@rollcall/gateway/biometrics/template/standard-records';
import { isBug, isRollcallError } from '@rollcall/protocol/errors';
import { FINGER_RECORD_FORMATS } from '@rollcall/protocol/finger-record';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** Hostile images and records, always the same ones; what is wrong has to be said in a typed error, and nothing else. */
const SEED = 20_261;
const RUNS = 500;
const kernels = loadKernels();
const sensor = { width: 192, height: 192, dpi: 500 };
const print = impressionOf(growFinger(3, 1), { seed: 3, number: 1, impression: 1 }, sensor);
const { template } = extract(print, kernels);
const rgb = Uint8Array.from(
  { length: 3 * print.pixels.length },
  (_, at) => print.pixels[Math.floor(at / 3)] ?? 0,
);
const png = toRgbPng(print.width, print.height, rgb);

type Damage = { at: number; value: number }[];
const damages = fc.record({
  changes: fc.array(fc.record({ at: fc.nat(), value: fc.nat(255) }), { maxLength: 12 }),
  cut: fc.option(fc.nat(), { freq: 3 }),
  more: fc.uint8Array({ maxLength: 24 }),
});

function damaged(
  bytes: Uint8Array,
  { changes, cut, more }: { changes: Damage; cut: number | null; more: Uint8Array },
) {
  const copy = Uint8Array.from([...bytes, ...more]);
  for (const { at, value } of changes) copy[at % copy.length] = value;
  return cut === null ? copy : copy.subarray(0, cut % (copy.length + 1));
}

/** Runs it; a typed error that blames the input is a result like any other. */
function survives(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!isRollcallError(error) || isBug(error)) throw error;
  }
}

/** Everything that a gateway does with a template that came from outside. */
function use(read: () => ReturnType<typeof decodeTemplate>): void {
  survives(() => {
    const found = read();
    const score = compare(prepare(found), prepare(template));
    expect(Number.isFinite(score) && score >= 0).toBe(true);
    expect(decodeTemplate(encodeTemplate(found)).skeleton.length).toBe(found.skeleton.length);
  });
}

function extracts(read: () => GreyImage): void {
  survives(() => {
    const { quality } = extract(read(), kernels);
    expect(quality.score).toBeGreaterThanOrEqual(0);
    expect(quality.score).toBeLessThanOrEqual(100);
  });
}

describe('hostile images and records', () => {
  it('of PNG', () => {
    fc.assert(
      fc.property(damages, (damage) => extracts(() => fromPng(damaged(png, damage)))),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it('of scanners, in any size', () => {
    const sides = fc.oneof(fc.integer({ min: -2, max: 400 }), fc.constantFrom(0, 1.5, Number.NaN, 2001, 1e9));
    const pictures = fc.record({
      width: sides,
      height: sides,
      dpi: fc.constantFrom(250, 363, 500, 1000, 0, 1e6),
    });
    fc.assert(
      fc.property(pictures, fc.integer({ min: 1, max: 1e6 }), fc.boolean(), (size, stripe, isNibbles) => {
        const count = Math.min(200_000, Math.max(0, Math.floor(size.width * size.height) || 0));
        const bytes = Uint8Array.from(
          { length: isNibbles ? count >> 1 : count },
          (_, at) => (at * stripe) >> 7,
        );
        extracts(() => (isNibbles ? fromEf01(bytes, size) : fromRaw8(bytes, size)));
      }),
      { seed: SEED, numRuns: 250 },
    );
  });

  it('of our own records', () => {
    const record = encodeTemplate(template);
    fc.assert(
      fc.property(damages, (damage) => use(() => decodeTemplate(damaged(record, damage)))),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it.each(FINGER_RECORD_FORMATS)('of %s records', (format) => {
    const record = exportTemplate(template, format);
    fc.assert(
      fc.property(damages, (damage) => use(() => importTemplate(damaged(record, damage)))),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it('of anything at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4_000 }), (bytes) => {
        extracts(() => fromPng(bytes));
        use(() => decodeTemplate(bytes));
        use(() => importTemplate(bytes));
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });
});
