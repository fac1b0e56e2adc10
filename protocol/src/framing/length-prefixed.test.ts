import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sum16, xor8 } from './checksum.js';
import type { FramingEvent } from './framer.js';
import { LengthPrefixedFramer, type LengthPrefixedOptions } from './length-prefixed.js';

/** AA 55, length of the payload, payload, XOR over everything. */
const options: LengthPrefixedOptions = {
  start: [0xaa, 0x55],
  lengthOffset: 2,
  lengthSize: 1,
  extra: 4,
  maxBytes: 16,
  isValid: (frame) => xor8(frame) === 0,
};

function encode(payload: readonly number[]): number[] {
  const head = [0xaa, 0x55, payload.length, ...payload];
  return [...head, xor8(Uint8Array.from(head))];
}

const push = (framer: LengthPrefixedFramer, ...bytes: number[]) => show(framer.push(Uint8Array.from(bytes)));
const show = (events: FramingEvent[]) =>
  events.map((event) => (event.type === 'frame' ? [...event.bytes] : { [event.reason]: event.bytes }));

describe('frames that say how long they are', () => {
  it('are handed out whole, with start and checksum', () => {
    const framer = new LengthPrefixedFramer(options);
    expect(push(framer, ...encode([1, 2, 3]), ...encode([]))).toEqual([encode([1, 2, 3]), encode([])]);
    expect(framer.pendingBytes).toBe(0);
  });

  it('are found behind noise and behind half a start', () => {
    const framer = new LengthPrefixedFramer(options);
    expect(push(framer, 0x00, 0xaa, 0xaa, ...encode([7]))).toEqual([{ noise: 3 }, encode([7])]);
  });

  it('are recovered from inside one that fails its checksum', () => {
    const framer = new LengthPrefixedFramer(options);
    const inner = encode([9]);
    const outer = [0xaa, 0x55, inner.length, ...inner, 0x00];
    expect(push(framer, ...outer, ...encode([1]))).toEqual([
      { bad_checksum: 1 },
      { noise: 2 },
      inner,
      { noise: 1 },
      encode([1]),
    ]);
  });

  it('are recovered behind a length that no frame has', () => {
    const framer = new LengthPrefixedFramer(options);
    expect(push(framer, 0xaa, 0x55, 0xff, ...encode([1]))).toEqual([
      { bad_length: 1 },
      { noise: 2 },
      encode([1]),
    ]);
    const signed = new LengthPrefixedFramer({ ...options, extra: -2 });
    expect(push(signed, 0xaa, 0x55, 0x00)).toEqual([{ bad_length: 1 }, { noise: 2 }]);
  });

  it('are recovered at silence from behind a false start that waits for more', () => {
    const framer = new LengthPrefixedFramer(options);
    expect(push(framer, 0xaa, 0x55, 12, ...encode([1]))).toEqual([]);
    expect(show(framer.idle())).toEqual([{ truncated: 1 }, { noise: 2 }, encode([1])]);
    expect(framer.idle()).toEqual([]);
  });

  it('give up a half one at silence', () => {
    const framer = new LengthPrefixedFramer(options);
    push(framer, 0xaa, 0x55);
    expect(framer.pendingBytes).toBe(2);
    expect(show(framer.idle())).toEqual([{ truncated: 1 }, { noise: 1 }]);
  });

  it('have their length in two bytes of either order, and a checksum of any kind', () => {
    const isValid = (frame: Uint8Array): boolean => sum16(frame.subarray(0, -1)) % 256 === frame.at(-1);
    const shape = {
      start: [0xef],
      lengthOffset: 1,
      lengthSize: 2,
      extra: 3,
      maxBytes: 600,
      isValid,
    } as const;
    const body = Array.from({ length: 299 }, () => 1);
    const big = [0xef, 0x01, 0x2c, ...body];
    const little = [0xef, 0x2c, 0x01, ...body];
    const close = (head: number[]): number[] => [...head, sum16(Uint8Array.from(head)) % 256];
    expect(push(new LengthPrefixedFramer(shape), ...close(big))).toEqual([close(big)]);
    expect(push(new LengthPrefixedFramer({ ...shape, endian: 'le' }), ...close(little))).toEqual([
      close(little),
    ]);
  });

  it('all arrive in order whatever noise without a start stands between them', () => {
    const payload = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 12 });
    const noise = fc.array(fc.integer({ min: 0, max: 0xa9 }), { maxLength: 5 });
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, payload), { maxLength: 12 }), (parts) => {
        const bytes = Uint8Array.from(parts.flatMap(([before, data]) => [...before, ...encode(data)]));
        const events = new LengthPrefixedFramer(options).push(bytes);
        const found = events.flatMap((event) => (event.type === 'frame' ? [[...event.bytes]] : []));
        expect(found).toEqual(parts.map(([, data]) => encode(data)));
      }),
    );
  });

  it.each<[string, Partial<LengthPrefixedOptions>]>([
    ['no start marker', { start: [] }],
    ['a start that is no byte', { start: [300] }],
    ['a length inside the start', { lengthOffset: 1 }],
    ['a broken offset', { lengthOffset: 2.5 }],
    ['broken extra bytes', { extra: 0.5 }],
    ['a cap below the head', { maxBytes: 2 }],
    ['no cap', { maxBytes: 0 }],
  ])('cannot be described with %s', (_name, change) => {
    expect(() => new LengthPrefixedFramer({ ...options, ...change })).toThrow(
      expect.objectContaining({ code: 'INTERNAL' }),
    );
  });
});
