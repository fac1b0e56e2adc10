import { RollcallError } from '@rollcall/protocol/errors';

/** GT-521F note §A3. */
export const COMMAND = {
  open: 0x01,
  changeBaudrate: 0x04,
  cmosLed: 0x12,
  getEnrollCount: 0x20,
  checkEnrolled: 0x21,
  enrollStart: 0x22,
  enroll1: 0x23,
  isPressFinger: 0x26,
  deleteId: 0x40,
  deleteAll: 0x41,
  verify: 0x50,
  identify: 0x51,
  captureFinger: 0x60,
  getImage: 0x62,
  getTemplate: 0x70,
  setTemplate: 0x71,
} as const;

export const NACK = {
  badId: 0x1003,
  notUsed: 0x1004,
  alreadyUsed: 0x1005,
  verifyFailed: 0x1007,
  identifyFailed: 0x1008,
  databaseEmpty: 0x100a,
  badFinger: 0x100c,
  enrollFailed: 0x100d,
  notPressed: 0x1012,
} as const;

const WORDS: Readonly<Record<number, string>> = {
  4097: 'it ran out of time',
  4098: 'it does not know the speed',
  4099: 'there is no such slot',
  4100: 'the slot is empty',
  4101: 'the slot is in use',
  4102: 'it received a damaged packet',
  4103: 'the finger does not fit',
  4104: 'the finger is not enrolled',
  4105: 'its slots are full',
  4106: 'its slots are empty',
  4107: 'the steps are in the wrong order',
  4108: 'the image is too bad',
  4109: 'the captures are not of one finger',
  4110: 'it does not know the command',
  4111: 'its sensor failed',
  4112: 'it was cancelled',
  4113: 'the parameter is wrong',
  4114: 'no finger is there',
};

/** What the module says when it refuses; `DEVICE_REFUSED`. */
export function refusal(name: string, error: number): RollcallError {
  const words = WORDS[error] ?? 'it gives a reason that no manual lists';
  const hex = error.toString(16).toUpperCase().padStart(4, '0');
  return new RollcallError('DEVICE_REFUSED', `The fingerprint module refused ${name}: ${words} (${hex})`);
}
