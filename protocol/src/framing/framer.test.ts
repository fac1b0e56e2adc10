import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { xor8 } from './checksum.js';
import { DelimiterFramer } from './delimiter.js';
import { checkedByte, checkedCap, FRAME_BYTES_MAX, type Framer, type FramingEvent } from './framer.js';
import { LengthPrefixedFramer } from './length-prefixed.js';
import { StxEtxFramer } from './stx-etx.js';

const CAP = 12;

const makers: Record<string, () => Framer> = {
  delimiter: () => new DelimiterFramer({ maxBytes: CAP }),
  'delimiter that drops the first': () => new DelimiterFramer({ maxBytes: CAP, dropFirst: true }),
  'stx-etx': () => new StxEtxFramer({ maxBytes: CAP }),
  'length-prefixed': () =>
    new LengthPrefixedFramer({
      start: [0x02, 0x0a],
      lengthOffset: 2,
      lengthSize: 1,
      extra: 3,
      maxBytes: CAP,
      isValid: (frame) => xor8(frame) === 0,
    }),
};

/** Bytes that hit markers, delimiters and small lengths far more often than chance. */
const nastyBytes = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(0x02, 0x03, 0x0a, 0x00, 0x01, 0x04, 0xff) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
  ),
  { maxLength: 120 },
);

const frames = (events: FramingEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'frame' ? [Buffer.from(event.bytes).toString('hex')] : []));
const discarded = (events: FramingEvent[]): number =>
  events.reduce((sum, event) => sum + (event.type === 'discarded' ? event.bytes : 0), 0);

function pushSplit(framer: Framer, bytes: Uint8Array, sizes: readonly number[]): FramingEvent[] {
  const events: FramingEvent[] = [];
  let from = 0;
  for (let turn = 0; from < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    events.push(...framer.push(bytes.subarray(from, from + size)));
    from += size;
    expect(framer.pendingBytes).toBeLessThanOrEqual(CAP + 1);
  }
  return events;
}

describe.each(Object.entries(makers))('%s framing', (_name, make) => {
  it('gives the same frames and gives up as many bytes for any split of any bytes', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(nastyBytes, sizes, (values, split) => {
        const bytes = Uint8Array.from(values);
        const whole = make();
        const parts = make();
        const atOnce = whole.push(bytes);
        const inParts = pushSplit(parts, bytes, split);
        expect(frames(inParts)).toEqual(frames(atOnce));
        expect(discarded(inParts)).toBe(discarded(atOnce));
        expect(parts.pendingBytes).toBe(whole.pendingBytes);
        expect(frames(parts.idle())).toEqual(frames(whole.idle()));
      }),
      { numRuns: 400 },
    );
  });

  it('behaves like a new one after a reset', () => {
    fc.assert(
      fc.property(nastyBytes, nastyBytes, (before, after) => {
        const used = make();
        used.push(Uint8Array.from(before));
        used.reset();
        expect(used.pendingBytes).toBe(0);
        expect(used.push(Uint8Array.from(after))).toEqual(make().push(Uint8Array.from(after)));
      }),
    );
  });

  it('hands out frames that later bytes do not change', () => {
    fc.assert(
      fc.property(nastyBytes, (values) => {
        const framer = make();
        const chunk = Uint8Array.from(values);
        const events = framer.push(chunk);
        const before = frames(events);
        chunk.fill(0x55);
        framer.push(Uint8Array.from(values.toReversed()));
        expect(frames(events)).toEqual(before);
      }),
    );
  });

  it('never gives one reason twice in a row within one push', () => {
    fc.assert(
      fc.property(nastyBytes, (values) => {
        const reasons = make()
          .push(Uint8Array.from(values))
          .map((event) => (event.type === 'discarded' ? event.reason : 'frame'));
        for (const [index, reason] of reasons.entries()) {
          if (reason !== 'frame') expect(reasons[index + 1]).not.toBe(reason);
        }
      }),
    );
  });

  it('takes a mebibyte of noise without holding it', () => {
    const framer = make();
    const noise = new Uint8Array(1024 * 1024).fill(0x41);
    const given = discarded(framer.push(noise)) + framer.pendingBytes;
    expect(given).toBe(noise.length);
    expect(framer.pendingBytes).toBeLessThanOrEqual(CAP);
  });
});

describe('options of a framer', () => {
  it.each([
    0,
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    FRAME_BYTES_MAX + 1,
  ])('refuse a cap of %d bytes', (cap) => {
    const refused = expect.objectContaining({
      code: 'INTERNAL',
      message: expect.stringContaining('maxBytes'),
    });
    expect(() => checkedCap(cap)).toThrow(refused);
    expect(() => new DelimiterFramer({ maxBytes: cap })).toThrow(refused);
    expect(() => new StxEtxFramer({ maxBytes: cap })).toThrow(refused);
  });

  it('accept the limits themselves', () => {
    expect(checkedCap(1)).toBe(1);
    expect(checkedCap(FRAME_BYTES_MAX)).toBe(FRAME_BYTES_MAX);
    expect(checkedByte(0, 'stx')).toBe(0);
    expect(checkedByte(255, 'stx')).toBe(255);
  });

  it.each([-1, 256, 2.5])('refuse %d as a marker and name it', (value) => {
    const refused = (name: string) =>
      expect.objectContaining({ code: 'INTERNAL', message: expect.stringContaining(name) });
    expect(() => new DelimiterFramer({ maxBytes: 4, delimiter: value })).toThrow(refused('delimiter'));
    expect(() => new StxEtxFramer({ maxBytes: 4, stx: value })).toThrow(refused('stx'));
    expect(() => new StxEtxFramer({ maxBytes: 4, etx: value })).toThrow(refused('etx'));
  });
});
