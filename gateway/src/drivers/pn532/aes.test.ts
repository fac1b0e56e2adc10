import { describe, expect, it } from 'vitest';
import { cmac, diversifiedKey, rotated } from './aes.js';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex').toUpperCase();

const RFC_KEY = bytes('2b7e151628aed2a6abf7158809cf4f3c');
const RFC_MESSAGE = bytes(
  '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
);

describe('CMAC', () => {
  it.each([
    [0, 'BB1D6929E95937287FA37D129B756746'],
    [16, '070A16B46B4D4144F79BDD9DD04A287C'],
    [40, 'DFA66747DE9AE63030CA32611497C827'],
    [64, '51F0BEBF7E3B9D92FC49741779363CFE'],
  ])('of %i bytes is that of RFC 4493 §4', (length, expected) => {
    expect(hex(cmac(RFC_KEY, RFC_MESSAGE.subarray(0, length)))).toBe(expected);
  });
});

describe('a diversified key', () => {
  it('is that of AN10922 §2.2.1, from UID, AID and a system identifier', () => {
    const input = bytes('04782E21801D803042F54E585020416275');
    expect(hex(diversifiedKey(bytes('00112233445566778899AABBCCDDEEFF'), input))).toBe(
      'A8DD63A3B89D54B37CA802473FDA9175',
    );
  });

  it('is filled up to two blocks where the input is short', () => {
    // One block more than a CMAC of the same input would have: the two must differ.
    const short = bytes('04782E21801D80');
    expect(hex(diversifiedKey(RFC_KEY, short))).not.toBe(hex(cmac(RFC_KEY, Uint8Array.of(1, ...short))));
  });
});

it('rotates by one byte to the left', () => {
  expect(hex(rotated(bytes('010203')))).toBe('020301');
});
