/** Digits of every PIN: a fixed length, so that a keypad without a # key works, too. */
export const PIN_DIGITS = 6;
export const PIN_PATTERN = /^\d{6}$/;

/**
 * What the keyed hash of a PIN is made over. The student is in it: equal PINs of two students are not equal hashes, and
 * a PIN means nothing without the card that says whose it is. Six digits keep no secret from whoever has the campus key.
 */
export function pinText(studentRef: string, pin: string): string {
  return `pin:${studentRef}:${pin}`;
}
