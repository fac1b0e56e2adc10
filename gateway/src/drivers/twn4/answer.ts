/** Errors of the simple protocol (TWN4 note, part C; Elatec DocRev25 §2). */
const ERROR_STATUSES = [0x01, 0x02, 0x03, 0x04, 0x05];
const VERSION_LENGTH_MIN = 4;
const PRINTABLE = /^[\x20-\x7e]+$/;
const HEX_LINE = /^(?:[0-9A-Fa-f]{2})+$/;

/** One line of the reader as bytes; undefined for what no reader of this kind sends. */
export function answerBytes(line: string): Uint8Array | undefined {
  return HEX_LINE.test(line) ? Buffer.from(line, 'hex') : undefined;
}

/** The answer is only a status that says why nothing was done. */
export function isError(answer: Uint8Array): boolean {
  return answer.length === 1 && ERROR_STATUSES.includes(answer[0] ?? 0);
}

/** The answer of a command that gives nothing back. */
export function isDone(answer: Uint8Array): boolean {
  return answer.length === 1 && answer[0] === 0;
}

/** The text of GetVersionString; undefined for any other answer, so that a late one is not taken for it. */
export function versionText(answer: Uint8Array): string | undefined {
  const [status, length] = answer;
  const text = Buffer.from(answer.subarray(2)).toString('latin1').replace(/\0+$/, '');
  const isVersion = status === 0 && length === answer.length - 2 && length >= VERSION_LENGTH_MIN;
  return isVersion && PRINTABLE.test(text) ? text : undefined;
}

export interface FoundTag {
  type: number;
  id: Uint8Array;
}

/** What SearchTag found; null for nothing, undefined for any other answer. */
export function foundTag(answer: Uint8Array): FoundTag | null | undefined {
  const [status, found, type, bits, length] = answer;
  if (status !== 0) return undefined;
  if (found === 0 && answer.length === 2) return null;
  if (found !== 1 || type === undefined || bits === undefined || length === undefined) return undefined;
  const id = answer.slice(5);
  return id.length === length && bits <= length * 8 ? { type, id } : undefined;
}
