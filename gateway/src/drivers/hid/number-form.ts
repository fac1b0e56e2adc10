import type { CardRead } from '@rollcall/protocol/credential';
import { isRollcallError } from '@rollcall/protocol/errors';
import { interpretPrinted, PRINTED_FORMS, type PrintedForm } from '@rollcall/protocol/printed-number';
import * as z from 'zod';

/** Characters of each form where it is padded with zeros, as readers write it; a UID has 4, 7 or 10 bytes. */
const LENGTHS: Readonly<Record<PrintedForm, readonly number[]>> = {
  '10H': [10],
  '8H': [8],
  '6H': [6],
  '8H10D': [10],
  '10H13D': [13],
  '10H12D': [12],
  '6H8D': [8],
  '2H.4H': [9],
  '4H.4H': [11],
  wiegand_8_digit: [8],
  uid_hex_be: [8, 14, 20],
  uid_hex_le: [8, 14, 20],
  uid_decimal_be: [10],
  uid_decimal_le: [10],
  uid_decimal_bcc: [12, 13],
};

/** The options of every reader that writes a number as text. */
export const numberFormOptions = {
  form: z
    .enum(PRINTED_FORMS, `must be one of ${PRINTED_FORMS.join(', ')}`)
    .default('8H10D')
    .meta({
      description:
        'How the reader writes a number: `8H10D` ten decimal digits, `10H` ten hex digits, `uid_hex_be` a UID in the order of the card, and so on.',
    }),
  padded: z.boolean('must be true or false').default(true).meta({
    description:
      '`false` for a reader that leaves out leading zeros; a number that lost digits on the way cannot be told from another one then.',
  }),
};
export interface NumberFormOptions {
  form: PrintedForm;
  padded: boolean;
}

export type NumberResult =
  | { type: 'read'; read: CardRead }
  | { type: 'rejected'; reason: 'length' | 'form'; message: string };

/**
 * The card that a reader wrote. Only the one form that is configured counts: the same ten digits are different cards in
 * different forms, and a guess is another person's card.
 */
export function readNumber(text: string, { form, padded }: NumberFormOptions): NumberResult {
  const found = interpretations(text);
  const lengths = LENGTHS[form];
  const longest = Math.max(...lengths);
  const isLengthRight = padded ? lengths.includes(text.length) : text.length <= longest;
  const match = isLengthRight ? found.find((one) => one.form === form) : undefined;
  if (match !== undefined) return { type: 'read', read: match.read };
  const fitting = PRINTED_FORMS.filter(
    (other) => LENGTHS[other].includes(text.length) && found.some((one) => one.form === other),
  );
  if (fitting.length > 0) {
    return {
      type: 'rejected',
      reason: 'form',
      message: `a number is written in another form than ${form}; it could be ${fitting.join(', ')}: set the option form`,
    };
  }
  if (isLengthRight) {
    return {
      type: 'rejected',
      reason: 'form',
      message: `what was read is no card number of the form ${form}`,
    };
  }
  return {
    type: 'rejected',
    reason: 'length',
    message: `a number has ${text.length} characters where ${form} has ${lengths.join(' or ')}; part of it was lost, or the options form and padded do not fit the reader`,
  };
}

function interpretations(text: string): ReturnType<typeof interpretPrinted> {
  try {
    return interpretPrinted(text);
  } catch (error) {
    if (isRollcallError(error)) return [];
    throw error;
  }
}
