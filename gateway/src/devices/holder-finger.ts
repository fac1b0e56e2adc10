import type { CardRead } from '@rollcall/protocol/credential';
import type { FingerVerifier, KnownFinger, Verification } from '../drivers/finger/verifier.js';
import type { VerifiedCard } from './presentation.js';

/** A verification, by the finger instead of its template. */
export type HolderOutcome =
  | Exclude<Verification, { outcome: 'fits' }>
  | { outcome: 'fits'; position: number; score: number };

export interface HolderFingerOptions {
  /** Undefined where no scanner is to be used. */
  fingers:
    | {
        holderOf(read: CardRead): string | undefined;
        fingersOf(studentRef: string): readonly KnownFinger[];
      }
    | undefined;
  /** Of the present connection; undefined where the reader compares no fingers. */
  verifier(): FingerVerifier | undefined;
  onOutcome(outcome: HolderOutcome, card: VerifiedCard): void;
  onFailure(error: unknown): void;
}

/**
 * Verification 1:1 on the reader itself (domain D0, finger with card; ADR 32): the card is a punch of its own and has its
 * light; then its holder may prove more with a finger. The next card ends the wait for the one before it, and whoever
 * has no finger enrolled is not asked for one. A finger that was revoked while the reader compared it fits nobody.
 */
export class HolderFinger {
  readonly #options: HolderFingerOptions;
  #current: AbortController | undefined;

  constructor(options: HolderFingerOptions) {
    this.#options = options;
  }

  cardShown(read: CardRead): void {
    this.end();
    const { fingers } = this.#options;
    const verifier = this.#options.verifier();
    if (verifier === undefined || fingers === undefined) return;
    const studentRef = fingers.holderOf(read);
    const known = studentRef === undefined ? [] : fingers.fingersOf(studentRef);
    if (studentRef === undefined || known.length === 0) return;
    const current = new AbortController();
    this.#current = current;
    verifier.verify(known, current.signal).then(
      (outcome) => {
        if (current.signal.aborted) return;
        this.#options.onOutcome(ofFinger(outcome, fingers.fingersOf(studentRef)), { read, studentRef });
      },
      (error: unknown) => {
        if (!current.signal.aborted) this.#options.onFailure(error);
      },
    );
  }

  end(): void {
    this.#current?.abort(new Error('the next card came'));
    this.#current = undefined;
  }
}

/** What was revoked meanwhile is not known any more. */
function ofFinger(outcome: Verification, known: readonly KnownFinger[]): HolderOutcome {
  if (outcome.outcome !== 'fits') return outcome;
  const finger = known.find(({ templateId }) => templateId === outcome.templateId);
  if (finger === undefined) return { outcome: 'other' };
  return { outcome: 'fits', position: finger.position, score: outcome.score };
}
