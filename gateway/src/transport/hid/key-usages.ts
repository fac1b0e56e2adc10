/** Usages of the keyboard page (HID usage tables §10) by the key codes of linux/input-event-codes.h. */
export const USAGE_BY_KEY_CODE: ReadonlyMap<number, number> = new Map([
  // Digits 1 to 9 and 0.
  ...run(2, 0x1e, 10),
  // Rows of letters, as they lie on the keyboard.
  ...row(16, 'qwertyuiop'),
  ...row(30, 'asdfghjkl'),
  ...row(44, 'zxcvbnm'),
  [1, 0x29],
  [12, 0x2d],
  [13, 0x2e],
  [14, 0x2a],
  [15, 0x2b],
  [26, 0x2f],
  [27, 0x30],
  [28, 0x28],
  [39, 0x33],
  [40, 0x34],
  [41, 0x35],
  [43, 0x31],
  [51, 0x36],
  [52, 0x37],
  [53, 0x38],
  [57, 0x2c],
  [58, 0x39],
  // Keypad.
  [69, 0x53],
  [98, 0x54],
  [55, 0x55],
  [74, 0x56],
  [78, 0x57],
  [96, 0x58],
  ...run(79, 0x59, 3),
  ...run(75, 0x5c, 3),
  ...run(71, 0x5f, 3),
  [82, 0x62],
  [83, 0x63],
  // Modifiers: Ctrl, Shift, Alt, GUI, left and right.
  [29, 0xe0],
  [42, 0xe1],
  [56, 0xe2],
  [125, 0xe3],
  [97, 0xe4],
  [54, 0xe5],
  [100, 0xe6],
  [126, 0xe7],
]);

function run(code: number, usage: number, count: number): [number, number][] {
  return Array.from({ length: count }, (_, index) => [code + index, usage + index]);
}

function row(code: number, letters: string): [number, number][] {
  return [...letters].map((letter, index) => [code + index, 0x04 + letter.charCodeAt(0) - 'a'.charCodeAt(0)]);
}
