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
  /** By the finger of this position; the score is -10·log10 of the false match rate. */
  | { outcome: 'recognized'; studentRef: string; position: number; score: number }
  /** Two people fit too well to choose. */
  | { outcome: 'ambiguous'; studentRefs: readonly [string, string] }
  /** No finger in the image, or too little of one. */
  | { outcome: 'unreadable' }
  | { outcome: 'unknown' };

export interface MatchOptions {
  signal: AbortSignal;
  /** Verification 1:1: this student or nobody. */
  only?: string;
  /** Who has class here now: less is asked of them, because they are few. */
  expected?: ReadonlySet<string>;
}

/** Recognizes fingers on the gateway. */
export interface Matcher {
  /**
   * @throws RollcallError `FINGER_ENGINE_ABSENT`, `GALLERY_FILLING`, `GALLERY_LOST`, `GALLERY_BUSY`, `IMAGE_INVALID`,
   *   `TEMPLATE_INVALID`, or the reason of the signal.
   */
  identify(probe: Probe, options: MatchOptions): Promise<FingerMatch>;
}

/** Of a gateway that keeps no fingerprints, or that has no scanner whose fingers it is to compare. */
export const absentMatcher: Matcher = {
  identify: () =>
    Promise.reject(
      new RollcallError(
        'FINGER_ENGINE_ABSENT',
        'This gateway compares no fingers itself; write fingers.template_key_file with the campus template key, or options.match: sensor for this scanner',
      ),
    ),
};
