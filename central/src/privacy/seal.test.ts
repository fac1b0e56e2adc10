import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileKey } from '../people/key-file.js';
import { createSeal } from './seal.js';

const key = (id: string): FileKey => ({ id, bytes: randomBytes(32) });
const first = key('00000001');
const place = { table: 'student', column: 'contact_sealed', row: 'a' };

describe('a sealed value', () => {
  const seal = createSeal([first]);

  it('opens to what was sealed, whatever it is, and never looks the same twice', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (plain) => {
        const sealed = seal.seal(plain, place);
        expect([...seal.open(sealed, place)]).toEqual([...plain]);
        expect(seal.seal(plain, place).equals(sealed)).toBe(false);
      }),
    );
  });

  it('shows nothing of what it holds', () => {
    expect(seal.sealText('+91 98480 12345', place).toString('latin1')).not.toContain('98480');
  });

  it.each([
    ['another row', { ...place, row: 'b' }],
    ['another column', { ...place, column: 'response_sealed' }],
    ['another table', { ...place, table: 'guardian' }],
  ])('does not open in %s', (_what, other) => {
    const sealed = seal.sealText('secret', place);
    expect(() => seal.openText(sealed, other)).toThrow('SEAL_BROKEN');
  });

  it('does not open with any bit changed, or cut short', () => {
    const sealed = seal.sealText('secret', place);
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => seal.open(changed, place), `byte ${index}`).toThrow('SEAL_BROKEN');
      expect(() => seal.open(sealed.subarray(0, index), place), `cut at ${index}`).toThrow('SEAL_BROKEN');
    }
  });

  it('opens with an older key that is still in the file, and is sealed anew with the newest', () => {
    const old = createSeal([first]).sealText('secret', place);
    const second = key('00000002');
    const both = createSeal([second, first]);
    expect(both.openText(old, place)).toBe('secret');
    expect(both.sealText('secret', place).toString('hex', 1, 5)).toBe('00000002');
    expect(() => createSeal([second]).openText(old, place)).toThrow('SEAL_BROKEN');
  });
});
