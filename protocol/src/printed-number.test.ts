import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cardRead } from './credential.js';
import { interpretPrinted, type PrintedOptions, printedForms } from './printed-number.js';

const brief = (text: string, options?: PrintedOptions) =>
  interpretPrinted(text, options).map(({ form, canonical }) => `${form} ${canonical}`);
const preferred = (text: string, options?: PrintedOptions) => brief(text, options)[0];

const em4100Hex = fc
  .uint8Array({ minLength: 5, maxLength: 5 })
  .filter(
    (bytes) => bytes.slice(-3).some((byte) => byte !== 0) && bytes.slice(-3).some((byte) => byte !== 0xff),
  )
  .map((bytes) => Buffer.from(bytes).toString('hex').toUpperCase());

describe('what is printed on an EM4100 card', () => {
  it('is shown in every form of the leaflets', () => {
    expect(printedForms('em4100:01026F6C3A')).toEqual({
      '10H': '01026F6C3A',
      '8H': '026F6C3A',
      '8H10D': '0040856634',
      '10H13D': '0004335823930',
      '10H12D': '004335823930',
      '6H8D': '07302202',
      '2H.4H': '111,27706',
      '4H.4H': '00623,27706',
      wiegand_8_digit: '11127706',
    });
  });

  // RDM6300 note §3, checked there against public photos and logs.
  it.each([
    ['0102B0A5FD', '0045131261', '176,42493'],
    ['0000D507D0', '0013961168', '213,02000'],
    ['0801161DD6', '0018226646', '022,07638'],
    ['1200BC614E', '0012345678', '188,24910'],
    ['1F00644BB6', '0006572982', '100,19382'],
  ])('%s carries %s and %s', (hex, ten, pair) => {
    const forms = printedForms(`em4100:${hex}`);
    expect(forms).toMatchObject({ '8H10D': ten, '2H.4H': pair });
    expect(forms['10H13D']).toBe(BigInt(`0x${hex}`).toString().padStart(13, '0'));
  });

  it('exists for whole EM4100 numbers only', () => {
    expect(() => printedForms('iso14443a:04A1B2C3')).toThrow(
      expect.objectContaining({
        code: 'CREDENTIAL_INVALID',
        message: expect.stringContaining('em4100 only'),
      }),
    );
    expect(() => printedForms('01026F6C3A')).toThrow(expect.objectContaining({ code: 'CREDENTIAL_INVALID' }));
  });

  it('is understood again in every form, as the same card', () => {
    fc.assert(
      fc.property(em4100Hex, (hex) => {
        const whole = Object.values(cardRead('em4100', Buffer.from(hex, 'hex')).values);
        for (const [form, text] of Object.entries(printedForms(`em4100:${hex}`))) {
          const found = interpretPrinted(text).find((candidate) => candidate.form === form);
          // Above 10^12 twelve digits do not suffice; what is printed then is the form of thirteen.
          if (form === '10H12D' && text.length === 13) expect(found).toBeUndefined();
          else expect(whole, form).toContain(found?.canonical);
        }
      }),
    );
  });
});

describe('typing a printed number', () => {
  it.each([
    ['01026F6C3A', '10H em4100:01026F6C3A'],
    ['026F6C3A', '8H number32:026F6C3A'],
    ['026f6c3a', '8H number32:026F6C3A'],
    ['7B11D7', '6H wiegand26:123-04567'],
    ['0040856634', '8H10D number32:026F6C3A'],
    ['0004335823930', '10H13D em4100:01026F6C3A'],
    ['004335823930', '10H12D em4100:01026F6C3A'],
    ['07302202', '6H8D wiegand26:111-27706'],
    ['7302202', '6H8D wiegand26:111-27706'],
    ['111,27706', '2H.4H wiegand26:111-27706'],
    ['111.27706', '2H.4H wiegand26:111-27706'],
    ['111-27706', '2H.4H wiegand26:111-27706'],
    ['22, 07638', '2H.4H wiegand26:022-07638'],
    ['00623,27706', '4H.4H number32:026F6C3A'],
    ['4A:8D:69:4F', '8H number32:4A8D694F'],
    ['0x4A, 0x8D, 0x69, 0x4F', '8H number32:4A8D694F'],
    ['0x4A8D694F', '8H number32:4A8D694F'],
    ['04A1B2C3D4E580', 'uid_hex_be iso14443a:04A1B2C3D4E580'],
    ['04 A1 B2 C3 D4 E5 80', 'uid_hex_be iso14443a:04A1B2C3D4E580'],
    ['08A1B2C3D4E5F6071829', 'uid_hex_be iso14443a:08A1B2C3D4E5F6071829'],
    ['  0040856634\n', '8H10D number32:026F6C3A'],
  ])('prefers %j to be %s', (text, expected) => {
    expect(preferred(text)).toBe(expected);
  });

  it('lets ten digits win above 2^24 and claims only 24 bits below', () => {
    expect(preferred('16777214')).toBe('6H8D wiegand26:255-65534');
    expect(preferred('16777216')).toBe('8H10D number32:01000000');
    expect(preferred('040856634')).toBe('8H10D number32:026F6C3A');
    expect(preferred('0007302202')).toBe('8H10D number32:006F6C3A');
  });

  it('lists every other reading of the same digits', () => {
    expect(brief('11127706')).toEqual([
      '6H8D wiegand26:169-52122',
      '8H10D number32:00A9CB9A',
      'wiegand_8_digit wiegand26:111-27706',
      'uid_decimal_be iso14443a:00A9CB9A',
      'uid_decimal_le iso14443a:9ACBA900',
      '8H number32:11127706',
      'uid_hex_be iso14443a:11127706',
      'uid_hex_le iso14443a:06771211',
    ]);
    expect(brief('0040856634')).toContain('10H em4100:0040856634');
    expect(brief('111,27706')).toHaveLength(1);
  });

  it('marks exactly one reading as preferred', () => {
    for (const text of ['11127706', '04A1B2C3D4E580', '320200069089']) {
      const [first, ...rest] = interpretPrinted(text, { uidOrder: 'le' });
      expect(first?.preferred).toBe(true);
      expect(rest.length).toBeGreaterThan(0);
      expect(rest.every((other) => !other.preferred)).toBe(true);
    }
  });

  it('takes a UID in the named byte order, hex or decimal', () => {
    expect(preferred('1250781519', { uidOrder: 'be' })).toBe('uid_decimal_be iso14443a:4A8D694F');
    expect(preferred('1332317514', { uidOrder: 'le' })).toBe('uid_decimal_le iso14443a:4A8D694F');
    expect(preferred('4F698D4A', { uidOrder: 'le' })).toBe('uid_hex_le iso14443a:4A8D694F');
    expect(preferred('80E5D4C3B2A104', { uidOrder: 'le' })).toBe('uid_hex_le iso14443a:04A1B2C3D4E580');
    expect(brief('4F698D4A', { uidOrder: 'le' })).toHaveLength(3);
    expect(preferred('111,27706', { uidOrder: 'le' })).toBe('2H.4H wiegand26:111-27706');
  });

  it('offers the UID without its check byte where a number of five bytes has one', () => {
    expect(brief('320200069089')).toEqual(['10H12D em4100:4A8D694FE1', 'uid_decimal_bcc iso14443a:4A8D694F']);
    expect(preferred('320200069089', { uidOrder: 'be' })).toBe('uid_decimal_bcc iso14443a:4A8D694F');
    expect(brief('320200069090')).toEqual(['10H12D em4100:4A8D694FE2']);
  });

  it('takes both numbers of a white card when they name one card, and nothing when they differ', () => {
    expect(brief('0040856634 111,27706')).toEqual(['8H10D number32:026F6C3A']);
    expect(preferred('07302202 111,27706')).toBe('6H8D wiegand26:111-27706');
    expect(() => interpretPrinted('0040856634 112,27706')).toThrow(
      expect.objectContaining({ code: 'CREDENTIAL_INVALID' }),
    );
  });

  it.each([
    '',
    'hello',
    '12345',
    '256,00001',
    '111,65536',
    '65536,00001',
    '112,2770',
    '0000000000',
    '99999999999',
    '1099511627776',
    '9999999999999',
    '4A8D694',
    '4A 8D 6',
    '0xZZ',
    'A1B2',
    'F'.repeat(65),
    ' 1'.repeat(40),
  ])('refuses %j and says how to type it', (text) => {
    try {
      expect(interpretPrinted(text)).toBe('refused');
    } catch (error) {
      expect(error).toMatchObject({
        code: 'CREDENTIAL_INVALID',
        message: expect.stringContaining('leading zeros'),
      });
      if (text.length > 4) expect(String(error)).not.toContain(text);
    }
  });

  it('reads ten digits above 2^32 as ten hex digits, the only card they can be', () => {
    expect(brief('4294967296')).toEqual(['10H em4100:4294967296']);
  });

  it('never throws anything else, whatever is typed', () => {
    const typed = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[0-9a-fA-Fx,.: -]{0,30}$/),
      fc.stringMatching(/^\d{4,14}$/),
    );
    fc.assert(
      fc.property(typed, fc.constantFrom(undefined, 'be' as const, 'le' as const), (text, uidOrder) => {
        try {
          expect(interpretPrinted(text, uidOrder === undefined ? {} : { uidOrder })).not.toHaveLength(0);
        } catch (error) {
          expect(error).toMatchObject({ code: 'CREDENTIAL_INVALID' });
        }
      }),
    );
  });
});
