/**
 * What terminals answer to commands: appendix 1 of the vendor's PUSH description ("Attendance PUSH Communication
 * Protocol" 2.4.1), and what the note saw (§1.6).
 */
const MEANINGS: Readonly<Record<number, string>> = {
  [-1]: 'it does not understand the command, or has no such row',
  [-2]: 'the size is not that of the data',
  [-3]: 'it cannot read or write its memory',
  [-9]: 'the size is not that of the template',
  [-10]: 'it has no such user',
  [-11]: 'the template has another form than it knows',
  [-12]: 'the template is not valid to it',
  [-1001]: 'it is full',
  [-1002]: 'it does not support that',
  [-1003]: 'it took too long',
  [-1004]: 'that is not of its model or its settings',
  [-1005]: 'it is busy',
  [-1006]: 'the command is too long',
  [-1007]: 'its memory is too small',
  [-1008]: 'it could not fetch the data',
};

/** The user is not there: what was to be deleted is gone. */
export const NO_SUCH_USER = -10;
/**
 * Of a deletion: there is no such row. That it does not understand the command would be the same number, but whoever is to
 * be deleted was told to it before in the same dialect, and a table that it has not is another one.
 */
export const NO_SUCH_ROW = -1;

/** It never will: not of its firmware, its model or its settings. */
export const isUnsupported = (code: number): boolean => code === -1002 || code === -1004;
/** Of `ENROLL_FP`. */
export const ENROLL = { failed: 4, duplicate: 5, cancelled: 6, busy: 7 } as const;

/** `−1001: it is full`. */
export function meaningOf(code: number): string {
  const meaning = MEANINGS[code];
  return meaning === undefined ? String(code) : `${code}: ${meaning}`;
}
