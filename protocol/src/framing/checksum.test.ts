import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc16Aug, sum8, sum16, xor8 } from './checksum.js';

describe('checksums', () => {
  it('match the worked frames of the notes', () => {
    expect(xor8(Uint8Array.from(Buffer.from('0C000621A5', 'hex')))).toBe(0x8e);
    expect(xor8(Buffer.from('CARD,4A8D694F,A,000017'))).toBe(0x0b);
    expect(xor8(Buffer.from('HELLO,rc522-bridge,1.0,ab12'))).toBe(0x57);
    expect(xor8(new Uint8Array())).toBe(0);
  });

  it('match the published OSDP packets (SIA Annex E)', () => {
    const crcOf = (hex: string): string => crc16Aug(Buffer.from(hex, 'hex')).toString(16).padStart(4, '0');
    expect(crcOf('53000900046100')).toBe('66c0');
    expect(crcOf('537F0D00046E0080250000')).toBe('386e');
    expect(crcOf('')).toBe('1d0f');
  });

  it('wrap at their width', () => {
    expect(sum8(Uint8Array.of(0xff, 0x02))).toBe(0x01);
    expect(sum16(new Uint8Array(258).fill(0xff))).toBe((258 * 255) % 65_536);
    expect(sum16(Uint8Array.of(0x01, 0x00, 0x03))).toBe(4);
  });

  it('are zero together with their own check byte, and change with every single bit', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.nat(),
        fc.integer({ min: 0, max: 7 }),
        (bytes, at, bit) => {
          expect(xor8(Uint8Array.of(...bytes, xor8(bytes)))).toBe(0);
          const flipped = bytes.slice();
          const index = at % bytes.length;
          flipped[index] = (flipped[index] ?? 0) ^ (1 << bit);
          expect(xor8(flipped)).not.toBe(xor8(bytes));
          expect(sum8(flipped)).not.toBe(sum8(bytes));
        },
      ),
    );
  });
});
