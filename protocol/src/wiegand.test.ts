import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitsOf, readWiegand, readWiegandPayload, WIEGAND_LENGTHS, type WiegandResult } from './wiegand.js';

const strongest = (result: WiegandResult): string =>
  result.type === 'card'
    ? (result.read.values.full ?? result.read.values.u32 ?? result.read.values.w26 ?? '')
    : result.reason;

/** Wiegand note §5, recomputed there from proxmark3's table. */
const PUBLISHED: readonly [name: string, bits: string, osdp: string, canonical: string][] = [
  ['H10301 FC 123 CN 4567', '10111101100010001110101110', 'BD88EB80', 'wiegand26:123-04567'],
  ['H10301 FC 100 CN 19382', '00110010001001011101101101', '3225DB40', 'wiegand26:100-19382'],
  ['H10301 FC 188 CN 24910', '11011110001100001010011100', 'DE30A700', 'wiegand26:188-24910'],
  ['H10301 FC 1 CN 1', '10000000100000000000000010', '80800080', 'wiegand26:001-00001'],
  ['H10306 FC 1234 CN 5678', '1000001001101001000010110001011100', '82690B1700', 'wiegand34:04D2162E'],
  ['W34 UID 4A8D694F', '1010010101000110101101001010011110', 'A546B4A780', 'wiegand34:4A8D694F'],
  ['C1000-35 FC 1234 CN 56789', '01010011010010000011011101110101010', '5348377540', 'wiegand35:4D20DDD5'],
  ['H10302 CN 12345678901', '1010110111111101110000011100001101010', 'ADFDC1C350', 'wiegand37:02DFDC1C35'],
  ['H10304 FC 4321 CN 234567', '0000100001110000101110010100010001110', '0870B94470', 'wiegand37:00870B9447'],
];

describe('Wiegand frames', () => {
  it.each(PUBLISHED)('reads %s', (_name, bits, osdp, canonical) => {
    expect(bitsOf(Buffer.from(osdp, 'hex'), bits.length)).toBe(bits);
    expect(strongest(readWiegand(bits))).toBe(canonical);
  });

  it('puts a UID that is sent last byte first into the order of the card', () => {
    const bits = '1010011110110100110001101010010100';
    expect(strongest(readWiegand(bits))).toBe('wiegand34:4F698D4A');
    expect(strongest(readWiegand(bits, { uidOrder: 'le' }))).toBe('wiegand34:4A8D694F');
  });

  it('gives a 34-bit number its projections, so that a card enrolled by its UID is found', () => {
    const result = readWiegand('1010010101000110101101001010011110');
    expect(result).toMatchObject({
      read: { values: { u32: 'number32:4A8D694F', w26: 'wiegand26:141-26959' } },
    });
  });

  it.each(PUBLISHED)('refuses %s with any one bit flipped', (_name, bits) => {
    for (let at = 0; at < bits.length; at++) {
      const flipped = bits.slice(0, at) + (bits[at] === '1' ? '0' : '1') + bits.slice(at + 1);
      expect(readWiegand(flipped), `bit ${at}`).toEqual({ type: 'rejected', reason: 'parity' });
    }
  });

  it('is weak: two flipped bits of one half pass', () => {
    expect(strongest(readWiegand('01111101100010001110101110'))).toBe('wiegand26:251-04567');
  });

  it('refuses lengths that no format has, and numbers that no card has', () => {
    expect(readWiegand('1'.repeat(27))).toEqual({ type: 'rejected', reason: 'length' });
    expect(readWiegand('')).toEqual({ type: 'rejected', reason: 'length' });
    expect(readWiegand(`0${'0'.repeat(24)}1`)).toEqual({ type: 'rejected', reason: 'number' });
  });

  it('reads the payload alone where the bridge left out the parity', () => {
    expect(strongest(readWiegandPayload(bitsOf(Buffer.from('7B11D7', 'hex'), 24)))).toBe(
      'wiegand26:123-04567',
    );
    expect(strongest(readWiegandPayload(bitsOf(Buffer.from('4A8D694F', 'hex'), 32)))).toBe(
      'wiegand34:4A8D694F',
    );
    expect(readWiegandPayload('1'.repeat(26))).toEqual({ type: 'rejected', reason: 'length' });
  });

  it('never throws', () => {
    const length = fc.constantFrom(...WIEGAND_LENGTHS, 0, 1, 27, 64);
    fc.assert(
      fc.property(
        length.chain((count) => fc.array(fc.constantFrom('0', '1'), { minLength: count, maxLength: count })),
        (bits) => {
          expect(['card', 'rejected']).toContain(readWiegand(bits.join('')).type);
        },
      ),
    );
  });
});
