import { RollcallError } from '@rollcall/protocol/errors';

/** Confirmation codes that the driver acts on (EF01 note §4). */
export const CODE = {
  ok: 0x00,
  noFinger: 0x02,
  captureFailed: 0x03,
  messy: 0x06,
  tooFew: 0x07,
  different: 0x08,
  notFound: 0x09,
  notOneFinger: 0x0a,
  outOfRange: 0x0b,
  cannotRead: 0x0c,
  wrongPassword: 0x13,
  noImage: 0x15,
  wrongAddress: 0x20,
  passwordRequired: 0x21,
  emptyTemplate: 0x22,
  libraryEmpty: 0x24,
} as const;

/** All of them in words; clones reuse numbers, so the number is said too. */
const WORDS: Readonly<Record<number, string>> = {
  1: 'it received a damaged packet',
  2: 'no finger is there',
  3: 'the capture failed',
  6: 'the image is too messy',
  7: 'the image shows too little of the finger',
  8: 'the fingers do not match',
  9: 'nothing matches',
  10: 'the captures are not of one finger',
  11: 'there is no such slot',
  12: 'the slot holds no valid template',
  13: 'the template cannot be sent',
  14: 'the data packets were not received',
  15: 'the image cannot be sent',
  16: 'deleting failed',
  17: 'emptying the library failed',
  19: 'the password is wrong',
  21: 'there is no image',
  24: 'writing its flash failed',
  26: 'there is no such register',
  27: 'the register does not take this value',
  28: 'there is no such notepad page',
  29: 'the port failed',
  31: 'its library is full',
  32: 'the address is wrong',
  33: 'it wants the password first',
  34: 'the template is empty',
  36: 'its library is empty',
  38: 'nobody touched it in time',
  39: 'the finger is enrolled already',
  41: 'its sensor is broken',
  252: 'it does not know the command',
  253: 'its hardware failed',
  254: 'the command failed',
};

/** What the module says when it refuses; `DEVICE_REFUSED`. */
export function refusal(name: string, code: number): RollcallError {
  const words = WORDS[code] ?? 'it gives a reason that no manual lists';
  const hex = code.toString(16).toUpperCase().padStart(2, '0');
  return new RollcallError('DEVICE_REFUSED', `The fingerprint module refused ${name}: ${words} (${hex})`, {
    context: { confirmation: code },
  });
}
