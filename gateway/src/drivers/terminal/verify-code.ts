import type { DirectionHint, PunchKind } from '@rollcall/protocol/punch';

export interface Verified {
  kind: PunchKind;
  /** In words; central counts a finger with a card as more than a finger. */
  method: string;
}

/**
 * How terminals of ZKTeco say that they verified somebody (PUSH note §1.3; the combinations as in the tables of the
 * public servers it names). The kind is the strongest part that was certainly used; where one of several may have
 * been used, nothing is certain.
 */
const CODES: Readonly<Record<number, Verified>> = {
  0: { kind: 'password', method: 'pw' },
  1: { kind: 'finger', method: 'fp' },
  2: { kind: 'card', method: 'rf' },
  3: { kind: 'password', method: 'pw' },
  4: { kind: 'card', method: 'rf' },
  5: { kind: 'claim', method: 'fp/pw' },
  6: { kind: 'claim', method: 'fp/rf' },
  7: { kind: 'claim', method: 'pw/rf' },
  8: { kind: 'finger', method: 'pin+fp' },
  9: { kind: 'finger', method: 'fp+pw' },
  10: { kind: 'finger', method: 'fp+card' },
  11: { kind: 'card', method: 'pw+rf' },
  12: { kind: 'finger', method: 'fp+pw+card' },
  13: { kind: 'finger', method: 'pin+fp+pw' },
  14: { kind: 'finger', method: 'fp+card/pin' },
  15: { kind: 'face', method: 'face' },
  16: { kind: 'face', method: 'face+fp' },
  17: { kind: 'face', method: 'face+pw' },
  18: { kind: 'face', method: 'face+card' },
  19: { kind: 'face', method: 'face+fp+card' },
  20: { kind: 'face', method: 'face+fp+pw' },
  21: { kind: 'finger', method: 'vein' },
  25: { kind: 'face', method: 'palm' },
};

/** An unknown number proves nothing: central keeps it as a claim, and a person sees it. */
export function verifiedBy(code: number): Verified {
  return CODES[code] ?? { kind: 'claim', method: `zk:${code}` };
}

/** The function keys of the terminal: in, out, break out and in, overtime in and out; others say nothing. */
const DIRECTIONS: Readonly<Record<number, DirectionHint>> = {
  0: 'in',
  1: 'out',
  2: 'out',
  3: 'in',
  4: 'in',
  5: 'out',
};

export function directionOf(status: number): DirectionHint | undefined {
  return DIRECTIONS[status];
}
