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
/** More than a card alone, which a friend can carry; less than a finger. */
const RANK_OF_CARD_AND_PIN = 3.5;
/** What terminals say when a finger was compared with the one of the card that was shown. */
const ONE_TO_ONE = /1:1|card/i;

/** A PIN that was typed after a card, and checked by the gateway: a card that is more than carried. */
export const isCardWithPin = ({ kind, verifyMethod }: Capture): boolean =>
  kind === 'pin' && verifyMethod === 'card+pin';

/** How much a capture proves (domain D0): finger with card, finger, card with PIN, card, code on the screen, meeting. */
export function assuranceOf(capture: Capture): number {
  const { kind, verifyMethod } = capture;
  if (kind === 'finger' && verifyMethod != null && ONE_TO_ONE.test(verifyMethod)) return RANK_WITH_CARD;
  if (isCardWithPin(capture)) return RANK_OF_CARD_AND_PIN;
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

export const sourceOf = (capture: Capture): Source =>
  isCardWithPin(capture) ? 'rfid' : (SOURCE_OF_KIND[capture.kind] ?? 'system');

export const isFinger = ({ kind }: Capture): boolean => kind === 'finger' || kind === 'face';
