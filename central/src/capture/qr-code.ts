import { createHmac, timingSafeEqual } from 'node:crypto';

/** Without 0, 1, I, L, O: what is read aloud or copied from the last row stays what it is. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
const FALLBACK_CHARACTERS = 6;
const ID_BYTES = 16;
const STEP_BYTES = 4;
const MAC_BYTES = 12;
const TOKEN_BYTES = ID_BYTES + STEP_BYTES + MAC_BYTES;
const TOKEN_PATTERN = /^[A-Za-z0-9_-]{43}$/;

export interface QrTimes {
  /** One code lives this long. */
  rotateSeconds: number;
  /** And is accepted this much longer. */
  skewSeconds: number;
}

/** What a code says: checked against the secret by `isGenuine`. */
export interface QrToken {
  sessionId: string;
  step: number;
  mac: Buffer;
}

/** Number of the step at an instant; every replica counts from the same beginning. */
export const stepAt = (atMs: number, { rotateSeconds }: QrTimes): number =>
  Math.floor(atMs / (rotateSeconds * 1_000));

export const stepEndMs = (step: number, { rotateSeconds }: QrTimes): number =>
  (step + 1) * rotateSeconds * 1_000;

/** A code is good during its step and `skewSeconds` after it, to the millisecond (domain case 98). */
export function isInTime(step: number, atMs: number, times: QrTimes): boolean {
  return stepAt(atMs, times) >= step && atMs <= stepEndMs(step, times) + times.skewSeconds * 1_000;
}

/** The steps whose codes are good at this instant, the newest first. */
export function goodSteps(atMs: number, times: QrTimes): number[] {
  const now = stepAt(atMs, times);
  const steps: number[] = [];
  for (let step = now; isInTime(step, atMs, times); step -= 1) steps.push(step);
  return steps;
}

export function makeToken(sessionId: string, step: number, secret: Buffer): string {
  const head = headOf(sessionId, step);
  return Buffer.concat([head, macOf(head, secret)]).toString('base64url');
}

/** Undefined for text that is no code of ours. */
export function readToken(text: string): QrToken | undefined {
  if (!TOKEN_PATTERN.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== TOKEN_BYTES) return undefined;
  const hex = bytes.toString('hex', 0, ID_BYTES);
  return {
    sessionId: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    step: bytes.readUInt32BE(ID_BYTES),
    mac: bytes.subarray(ID_BYTES + STEP_BYTES),
  };
}

export function isGenuine({ sessionId, step, mac }: QrToken, secret: Buffer): boolean {
  return timingSafeEqual(mac, macOf(headOf(sessionId, step), secret));
}

/** Six characters for typing, with the life of the code beside them: 887 million, five tries a minute. */
export function fallbackCode(sessionId: string, step: number, secret: Buffer): string {
  const digest = createHmac('sha256', secret).update('fallback').update(headOf(sessionId, step)).digest();
  return Array.from({ length: FALLBACK_CHARACTERS }, (_, index) => {
    // Four bytes for each character: the remainder favors no character by more than one in a hundred million.
    const value = digest.readUInt32BE(index * 4);
    return ALPHABET[value % ALPHABET.length];
  }).join('');
}

function headOf(sessionId: string, step: number): Buffer {
  const head = Buffer.alloc(ID_BYTES + STEP_BYTES);
  head.write(sessionId.replaceAll('-', ''), 0, 'hex');
  head.writeUInt32BE(step >>> 0, ID_BYTES);
  return head;
}

const macOf = (head: Buffer, secret: Buffer): Buffer =>
  createHmac('sha256', secret).update(head).digest().subarray(0, MAC_BYTES);
