import { describe, expect, it } from 'vitest';
import { cardBits, packBits } from './wiegand-bits.js';

describe('Wiegand frames of the simulated readers', () => {
  it.each([
    ['wiegand26', '7B11D7', '10111101100010001110101110', 'BD88EB80'],
    ['wiegand26', '644BB6', '00110010001001011101101101', '3225DB40'],
    ['wiegand34', '04D2162E', '1000001001101001000010110001011100', '82690B1700'],
    ['wiegand34', '4A8D694F', '1010010101000110101101001010011110', 'A546B4A780'],
    ['wiegand35', '4D20DDD5', '01010011010010000011011101110101010', '5348377540'],
    ['wiegand37', '02DFDC1C35', '1010110111111101110000011100001101010', 'ADFDC1C350'],
    ['wiegand37', '00870B9447', '0000100001110000101110010100010001110', '0870B94470'],
  ] as const)('%s of %s are the published ones', (format, card, bits, packed) => {
    const made = cardBits(format, Buffer.from(card, 'hex'));
    expect(made).toBe(bits);
    expect(
      Buffer.from(packBits(made ?? ''))
        .toString('hex')
        .toUpperCase(),
    ).toBe(packed);
  });

  it('has no frame for a card that does not fit', () => {
    expect(cardBits('wiegand26', Uint8Array.of(1, 2, 3, 4))).toBeUndefined();
    expect(cardBits('wiegand37', Uint8Array.of(0x08, 0, 0, 0, 0))).toBeUndefined();
  });
});
