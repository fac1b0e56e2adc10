import { RollcallError } from '@rollcall/protocol/errors';

/** 8-bit grey, row by row from the top left. */
export interface ProbeImage {
  readonly width: number;
  readonly height: number;
  readonly dpi: number;
  readonly pixels: Uint8Array;
}

export type Probe = { readonly image: ProbeImage } | { readonly template: Uint8Array };

export type FingerMatch =
  /** The score is -10·log10 of the false match rate. */
  | { outcome: 'recognized'; studentRef: string; score: number }
  /** Two people fit too well to choose. */
  | { outcome: 'ambiguous' }
  | { outcome: 'unknown' };

export interface MatchOptions {
  signal: AbortSignal;
  /** Verification 1:1: this student or nobody. */
  only?: string;
}

/** Recognizes fingers on the gateway. */
export interface Matcher {
  /** @throws RollcallError `FINGER_ENGINE_ABSENT`, or the reason of the signal. */
  identify(probe: Probe, options: MatchOptions): Promise<FingerMatch>;
}

/** Says that there is no engine, until one is wired. */
export const absentMatcher: Matcher = {
  identify: () =>
    Promise.reject(
      new RollcallError(
        'FINGER_ENGINE_ABSENT',
        'This gateway compares no fingers itself; write options.match: sensor for this scanner',
      ),
    ),
};
