/** Keys that end a number or say nothing about it (HID usage tables §10). */
export const USAGE = {
  enter: 0x28,
  tab: 0x2b,
  capsLock: 0x39,
  numLock: 0x53,
  keypadEnter: 0x58,
} as const;

const LETTERS_FROM = 0x04;
const DIGITS_FROM = 0x1e;
const KEYPAD_FROM = 0x54;

/** Plain and shifted character of each key that writes one, on a US keyboard. */
const CHARACTERS: ReadonlyMap<number, readonly [string, string]> = new Map([
  ...[...'abcdefghijklmnopqrstuvwxyz'].map(
    (letter, index) => [LETTERS_FROM + index, [letter, letter.toUpperCase()]] as const,
  ),
  ...[...'1234567890'].map(
    (digit, index) => [DIGITS_FROM + index, [digit, '!@#$%^&*()'.charAt(index)]] as const,
  ),
  [0x2c, [' ', ' ']],
  [0x2d, ['-', '_']],
  [0x2e, ['=', '+']],
  [0x2f, ['[', '{']],
  [0x30, [']', '}']],
  [0x31, ['\\', '|']],
  [0x33, [';', ':']],
  [0x34, ["'", '"']],
  [0x35, ['`', '~']],
  [0x36, [',', '<']],
  [0x37, ['.', '>']],
  [0x38, ['/', '?']],
  // Keypad / * - +, its Enter, 1 to 9 and 0: the same whatever NumLock says, since the gateway has no NumLock.
  ...[...'/*-+'].map((sign, index) => [KEYPAD_FROM + index, [sign, sign]] as const),
  ...[...'1234567890.'].map((digit, index) => [0x59 + index, [digit, digit]] as const),
]);

/** The character of a key; undefined for one that writes none. */
export function characterOf(usage: number, isShifted: boolean): string | undefined {
  return CHARACTERS.get(usage)?.[isShifted ? 1 : 0];
}
