import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cardRead, hashRead, maskCanonical, parseCanonical } from './credential.js';
import { PROJECTIONS, readHashSchema, TECHNOLOGIES } from './credential-hash.js';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const isCredentialInvalid = (message: RegExp) =>
  expect.objectContaining({ code: 'CREDENTIAL_INVALID', message: expect.stringMatching(message) });

const LENGTHS = {
  em4100: [5],
  iso14443a: [4, 7, 10],
  iso14443b: [4],
  felica: [8],
  iso15693: [8],
  uhf: [8, 12, 16, 20, 24, 28, 32],
  wiegand26: [3],
  wiegand34: [4],
  wiegand35: [4],
  wiegand37: [5],
  number32: [4],
  cardfile: [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
} as const;

const anyCard = fc
  .constantFrom(...TECHNOLOGIES)
  .chain((technology) =>
    fc
      .constantFrom<number>(...LENGTHS[technology])
      .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }))
      .map((uid) => ({ technology, uid })),
  )
  .filter(
    ({ technology, uid }) =>
      !uid.every((byte) => byte === 0) &&
      !uid.every((byte) => byte === 0xff) &&
      !(technology === 'iso14443a' && uid.length === 4 && uid[0] === 0x88),
  );

describe('the read of a card', () => {
  it('gives an EM4100 card its whole number, the 32 bits and the 26-bit content printed on it', () => {
    expect(cardRead('em4100', bytes('01026F6C3A'))).toEqual({
      technology: 'em4100',
      values: { full: 'em4100:01026F6C3A', u32: 'number32:026F6C3A', w26: 'wiegand26:111-27706' },
    });
  });

  it('reads a 4-byte UID big-endian for its number and its 26-bit content', () => {
    expect(cardRead('iso14443a', bytes('00A1B2C3')).values).toEqual({
      full: 'iso14443a:00A1B2C3',
      u32: 'number32:00A1B2C3',
      w26: 'wiegand26:161-45763',
    });
  });

  it.each(['04A1B2C3D4E580', '08A1B2C3D4E5F6071829'])('derives nothing from the long UID %s', (hex) => {
    expect(cardRead('iso14443a', bytes(hex)).values).toEqual({ full: `iso14443a:${hex}` });
  });

  it('has no whole number when the reader showed only a part', () => {
    expect(cardRead('wiegand26', bytes('7B11D7')).values).toEqual({ w26: 'wiegand26:123-04567' });
    expect(cardRead('number32', bytes('026F6C3A')).values).toEqual({
      u32: 'number32:026F6C3A',
      w26: 'wiegand26:111-27706',
    });
  });

  it('joins the readers of one EM4100 card on what they have in common', () => {
    const whole = cardRead('em4100', bytes('1F00644BB6')).values;
    expect(cardRead('wiegand26', bytes('644BB6')).values.w26).toBe(whole.w26);
    expect(cardRead('number32', bytes('00644BB6')).values.u32).toBe(whole.u32);
    expect(cardRead('wiegand34', bytes('00644BB6')).values.u32).toBe(whole.u32);
  });

  it('leaves out a part that is all zeros or all ones, which many cards would share', () => {
    expect(cardRead('em4100', bytes('0F00000000')).values).toEqual({ full: 'em4100:0F00000000' });
    expect(cardRead('em4100', bytes('01FFFFFFFF')).values).toEqual({ full: 'em4100:01FFFFFFFF' });
    expect(cardRead('number32', bytes('05000000')).values).toEqual({ u32: 'number32:05000000' });
  });

  it.each(TECHNOLOGIES)('refuses %s numbers of all zeros or all ones', (technology) => {
    for (const length of LENGTHS[technology]) {
      for (const fill of [0x00, 0xff]) {
        expect(() => cardRead(technology, new Uint8Array(length).fill(fill))).toThrow(
          isCredentialInvalid(/check the wiring/),
        );
      }
    }
  });

  it.each([
    0, 1, 3, 5, 6, 8, 9, 11,
  ])('refuses an iso14443a UID of %d bytes and says what to print', (length) => {
    expect(() => cardRead('iso14443a', new Uint8Array(length).fill(1))).toThrow(
      isCredentialInvalid(/4 or 7 or 10 bytes.*two digits per byte/),
    );
  });

  it('refuses the first part of a longer UID, which many cards share', () => {
    expect(() => cardRead('iso14443a', bytes('8804A1B2'))).toThrow(
      isCredentialInvalid(/first part of a longer UID/),
    );
    expect(cardRead('iso14443b', bytes('8804A1B2')).values.full).toBe('iso14443b:8804A1B2');
  });
});

describe('canonical forms', () => {
  it('come back from text as they went in, whatever the card', () => {
    fc.assert(
      fc.property(anyCard, ({ technology, uid }) => {
        const read = cardRead(technology, uid);
        const strongest = PROJECTIONS.map((projection) => read.values[projection]).find(Boolean) ?? '';
        expect(parseCanonical(strongest)).toEqual(read);
        for (const value of Object.values(read.values)) {
          expect(Object.values(parseCanonical(value).values)).toContain(value);
        }
      }),
    );
  });

  it('are refused unless they are exact, without repeating the number', () => {
    const bad = [
      '',
      'em4100',
      '01026F6C3A',
      'em4100:01026f6c3a',
      'EM4100:01026F6C3A',
      'em4100: 01026F6C3A',
      'em4100:1026F6C3A',
      'em4100:026F6C3A',
      'em4100:01026F6C3A\n',
      'mifare:01026F6C',
      'toString:01026F6C',
      'iso14443a:04-A1-B2-C3',
      'wiegand26:111,27706',
      'wiegand26:11-27706',
      'wiegand26:256-00001',
      'wiegand26:001-65536',
      'wiegand26:6F6C3A',
      `uhf:${'AB'.repeat(40)}`,
    ];
    for (const text of bad) {
      expect(() => parseCanonical(text), text).toThrow(isCredentialInvalid(/./));
      try {
        parseCanonical(text);
      } catch (error) {
        const number = /[0-9A-F]{6,}|\d{3}.\d{5}/.exec(text)?.[0];
        if (number !== undefined) expect(String(error)).not.toContain(number);
      }
    }
  });

  it('name the technologies and an example when the prefix is wrong', () => {
    expect(() => parseCanonical('mifare:04A1B2C3')).toThrow(
      isCredentialInvalid(/iso14443a:04A1B2C3.*em4100/),
    );
    expect(() => parseCanonical('em4100:0102-6F6C')).toThrow(
      isCredentialInvalid(/print two digits per byte/),
    );
    expect(() => parseCanonical('wiegand26:300-00001')).toThrow(isCredentialInvalid(/wiegand26:123-04567/));
  });
});

describe('what leaves the gateway', () => {
  it('is one keyed hash for each projection, strongest first', () => {
    const hmac = (text: string): string => Buffer.from(text).toString('hex').padEnd(64, '0').slice(0, 64);
    const hashed = hashRead(cardRead('em4100', bytes('01026F6C3A')), hmac);
    expect(hashed).toEqual({
      technology: 'em4100',
      hashes: [
        { projection: 'full', hash: hmac('em4100:01026F6C3A') },
        { projection: 'u32', hash: hmac('number32:026F6C3A') },
        { projection: 'w26', hash: hmac('wiegand26:111-27706') },
      ],
    });
    expect(readHashSchema.safeParse(hashed).success).toBe(true);
    expect(hashRead(cardRead('wiegand26', bytes('7B11D7')), hmac).hashes).toHaveLength(1);
  });
});

describe('the form shown to people', () => {
  it('holds the technology and the last four digits', () => {
    expect(maskCanonical('iso14443a:04A1B2C3D4E580')).toBe('iso14443a:…E580');
    expect(maskCanonical('wiegand26:123-04567')).toBe('wiegand26:…4567');
  });

  it('shows nothing of a text that is no canonical form', () => {
    for (const text of ['', '04A1B2C3', 'mifare:04A1B2C3', 'em4100:A1B2', 'em4100:secret', 'em4100:']) {
      expect(maskCanonical(text)).toBe('(no card number)');
    }
  });
});
