import { describe, expect, it } from 'vitest';
import { wireOf } from './wire.js';

/** What a reader holds after these bytes that only counts lengths and waits for the rest for ever. */
function heldAfter(bytes: Uint8Array): number {
  let at = 0;
  for (let next = 0; ; at = next) {
    const [low, high] = bytes.subarray(at);
    if (low === undefined || high === undefined) break;
    next = at + 2 + low + high * 256;
    if (next > bytes.length) break;
  }
  return bytes.length - at;
}

/** TWN4 note, part C: binary mode. */
describe.each(['binary', 'binary_crc'] as const)('the fill of a TWN4 that speaks %s', (protocol) => {
  const { fill = new Uint8Array() } = wireOf(protocol);

  it('ends any command whose rest is awaited, however much of it', () => {
    for (let length = 0; length < fill.length - 257; length += 1) {
      for (const held of [[length & 0xff], [length & 0xff, length >> 8]]) {
        expect(heldAfter(Uint8Array.from([...held, ...fill])), held.join(' ')).toBe(0);
      }
    }
  });

  it('ends what the question made of a single byte that was held', () => {
    const question = wireOf(protocol).encode(Uint8Array.of(0x00, 0x04, 0xff));
    for (let held = 0; held < 256; held += 1) {
      expect(heldAfter(Uint8Array.from([held, ...question, ...fill])), String(held)).toBe(0);
    }
  });
});
