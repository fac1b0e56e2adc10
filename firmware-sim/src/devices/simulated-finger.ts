import { createHash } from 'node:crypto';
import type { Random } from '../random.js';

/** Names of simulated fingers, such as `asha-right-thumb`: the same name is the same finger on every sensor. */
export const FINGER_NAME = /^[A-Za-z0-9][A-Za-z0-9-]{0,47}$/;

/** How often a simulated sensor errs, each from 0 to 1. */
export interface FingerRates {
  /** Of the looks at an enrolled finger: how many find nothing. */
  falseReject: number;
  /** Of the searches with a finger that is not enrolled: how many find somebody. */
  falseAccept: number;
  /** Of the captures: how many show too little. */
  poor: number;
}

/** What the R307 and R503 data sheets promise (FRR < 1 %, FAR < 0.001 %), and as many poor captures. */
export const DATASHEET_RATES: FingerRates = { falseReject: 0.01, falseAccept: 0.000_01, poor: 0.01 };

const IDENTITY_AT = 8;
const IDENTITY_BYTES = 16;
const HEADER = [0x03, 0x01];
const GENUINE_SCORE = { min: 60, max: 250 };
const IMPOSTOR_SCORE = { min: 40, max: 60 };

/**
 * An opaque template as a module would store it: no minutiae, only whose it is and what differs between two
 * captures. No real finger is in it.
 */
export function makeTemplate(finger: string, bytes: number, random: Random): Uint8Array {
  const template = Uint8Array.from({ length: bytes }, () => random.int(0, 255));
  template.set(HEADER);
  template.set(identityOf(finger), IDENTITY_AT);
  return template;
}

export function isSameFinger(a: Uint8Array, b: Uint8Array): boolean {
  const of = (template: Uint8Array): string =>
    Buffer.from(template.subarray(IDENTITY_AT, IDENTITY_AT + IDENTITY_BYTES)).toString('hex');
  return of(a) === of(b);
}

/** What a sensor concludes: by the identity of the finger, and by how often such sensors err. */
export function searchLibrary(
  probe: Uint8Array,
  candidates: ReadonlyMap<number, Uint8Array>,
  { falseReject, falseAccept }: FingerRates,
  random: Random,
): { slot: number; score: number } | undefined {
  for (const [slot, template] of candidates) {
    if (!isSameFinger(template, probe)) continue;
    if (random.chance(falseReject)) return undefined;
    return { slot, score: random.int(GENUINE_SCORE.min, GENUINE_SCORE.max) };
  }
  if (candidates.size === 0 || !random.chance(falseAccept)) return undefined;
  return {
    slot: random.pick([...candidates.keys()]),
    score: random.int(IMPOSTOR_SCORE.min, IMPOSTOR_SCORE.max),
  };
}

function identityOf(finger: string): Uint8Array {
  return createHash('sha256').update(finger).digest().subarray(0, IDENTITY_BYTES);
}
