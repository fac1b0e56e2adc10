import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Anchor, CLOCK_FLOOR_MS, effectiveTime, type TimedRow } from './retime.js';

const row: TimedRow = { bootId: 'a', monoMs: 10_000, occurredAtMs: 42, clockState: 'unsynced' };
const anchor = (change: Partial<Anchor>): Anchor => ({
  bootId: 'a',
  monoMs: 0,
  wallMs: 1_000_000,
  seq: 1,
  ...change,
});

const anyAnchor = fc.record({
  bootId: fc.constantFrom('a', 'b'),
  // Few values, so that ties are common.
  monoMs: fc.integer({ min: 0, max: 20 }).map((step) => step * 1_000),
  wallMs: fc.integer({ min: 0, max: 5 }).map((step) => step * 1_000),
  seq: fc.integer({ min: 1, max: 3 }),
});

describe('the effective time', () => {
  it('is never what a clock said that was reset to 2000, whatever it says about itself', () => {
    const reset = { ...row, occurredAtMs: CLOCK_FLOOR_MS - 1, clockState: 'synced' as const };
    expect(effectiveTime(reset, [])).toEqual({ effectiveAtMs: undefined, source: 'unknown' });
    expect(effectiveTime(reset, [anchor({})]).source).toBe('clock_anchor');
  });

  it('is what a synced clock said, whatever the anchors say', () => {
    const occurredAtMs = CLOCK_FLOOR_MS;
    expect(effectiveTime({ ...row, occurredAtMs, clockState: 'synced' }, [anchor({})])).toEqual({
      effectiveAtMs: CLOCK_FLOOR_MS,
      source: 'gateway_clock',
    });
  });

  it.each([
    'unsynced',
    'stepped',
  ] as const)('of a row with a clock that is %s comes from an anchor', (clockState) => {
    expect(effectiveTime({ ...row, clockState }, [anchor({ monoMs: 4_000 })])).toEqual({
      effectiveAtMs: 1_006_000,
      source: 'clock_anchor',
    });
  });

  it('can come from an anchor taken after the row', () => {
    expect(effectiveTime(row, [anchor({ monoMs: 70_000 })]).effectiveAtMs).toBe(940_000);
  });

  it('is unknown without an anchor of the same boot', () => {
    const unknown = { effectiveAtMs: undefined, source: 'unknown' };
    expect(effectiveTime(row, [])).toEqual(unknown);
    expect(effectiveTime(row, [anchor({ bootId: 'b' })])).toEqual(unknown);
  });

  it('comes from the nearest anchor, on a tie from the earlier one', () => {
    const near = anchor({ monoMs: 9_000, wallMs: 5_000, seq: 3 });
    const far = anchor({ monoMs: 0, wallMs: 9_000, seq: 1 });
    expect(effectiveTime(row, [far, near]).effectiveAtMs).toBe(6_000);
    const before = anchor({ monoMs: 8_000, wallMs: 100_000, seq: 4 });
    const after = anchor({ monoMs: 12_000, wallMs: 200_000, seq: 5 });
    expect(effectiveTime(row, [after, before]).effectiveAtMs).toBe(102_000);
  });

  it('does not depend on the order or the repetition of anchors', () => {
    fc.assert(
      fc.property(
        fc.array(anyAnchor, { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (anchors, order) => {
          const shuffled = [...anchors, ...anchors].map((item, index) => ({
            item,
            key: order[index] ?? index,
          }));
          shuffled.sort((left, right) => left.key - right.key);
          expect(
            effectiveTime(
              row,
              shuffled.map(({ item }) => item),
            ),
          ).toEqual(effectiveTime(row, anchors));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keeps the spacing of two rows placed by one anchor', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e9 }), fc.nat({ max: 1e9 }), (first, second) => {
        const at = (monoMs: number): number =>
          effectiveTime({ ...row, monoMs }, [anchor({})]).effectiveAtMs ?? 0;
        expect(at(second) - at(first)).toBe(second - first);
      }),
    );
  });
});
