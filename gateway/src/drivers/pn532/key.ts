import { RollcallError } from '@rollcall/protocol/errors';

/**
 * A key of cards from the text of its file: hex digits, blanks between them allowed.
 *
 * @throws RollcallError `KEY_INVALID`
 */
export function parseKey(text: string, bytes: number, file: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, '');
  if (digits.length === bytes * 2 && /^[0-9A-Fa-f]+$/.test(digits)) return Buffer.from(digits, 'hex');
  throw new RollcallError(
    'KEY_INVALID',
    `The card key ${file} has to be ${bytes * 2} hex digits for this kind of card; write them into the file`,
  );
}
