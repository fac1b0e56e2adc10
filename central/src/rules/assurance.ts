import type { Capture, CaptureKind, Source } from './facts.js';

const RANK_OF_KIND: Record<CaptureKind, number> = {
  finger: 4,
  face: 4,
  card: 3,
  pin: 3,
  password: 3,
  qr: 2,
  online: 1,
  claim: 0,
};
const RANK_WITH_CARD = 5;
/** What terminals say when a finger was compared with the one of the card that was shown. */
const ONE_TO_ONE = /1:1|card/i;

/** How much a capture proves (domain D0): finger with card, finger, card, code on the screen, meeting. */
export function assuranceOf({ kind, verifyMethod }: Capture): number {
  if (kind === 'finger' && verifyMethod != null && ONE_TO_ONE.test(verifyMethod)) return RANK_WITH_CARD;
  return RANK_OF_KIND[kind] ?? 0;
}

/** The one that proves most; of equals the first. */
export function strongestOf<C extends Capture>(captures: readonly C[]): C | undefined {
  let best: C | undefined;
  for (const capture of captures) {
    if (best === undefined || assuranceOf(capture) > assuranceOf(best)) best = capture;
  }
  return best;
}

/** The seed's word for how a capture was taken. A terminal's PIN pad is part of a biometric device. */
const SOURCE_OF_KIND: Record<CaptureKind, Source> = {
  card: 'rfid',
  finger: 'biometric',
  face: 'biometric',
  pin: 'biometric',
  password: 'biometric',
  qr: 'qr',
  online: 'import',
  claim: 'system',
};

export const sourceOf = ({ kind }: Capture): Source => SOURCE_OF_KIND[kind] ?? 'system';

export const isFinger = ({ kind }: Capture): boolean => kind === 'finger' || kind === 'face';
