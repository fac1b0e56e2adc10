import { RollcallError } from '@rollcall/protocol/errors';
import { compare, type PreparedFinger, prepare } from '../match/compare.js';
import type { QualityReason } from '../quality.js';
import { decodeTemplate } from '../template/record.js';
import { isSamePlace } from './placement.js';
import { type CaptureReason, ENROLLMENT_POLICY, type EnrollmentPolicy } from './policy.js';

/** What the extractor gave for one capture. */
export interface Capture {
  /** The compact record. */
  record: Uint8Array;
  quality: { score: number; reasons: readonly QualityReason[] };
}

export type EnrollmentAnswer =
  /** Taken; `impression` are there now. */
  | { outcome: 'accepted'; impression: number; quality: number }
  /** To be done again, and how. */
  | { outcome: 'rejected'; reasons: CaptureReason[]; quality: number }
  /** Enough of them: these records stand for the finger. */
  | { outcome: 'complete'; impression: number; quality: number; finger: EnrolledFinger }
  /** Not with this finger; `FINGER_UNREADABLE` or `FINGER_INCONSISTENT`. */
  | { outcome: 'failed'; reasons: CaptureReason[]; quality: number; error: RollcallError };

export interface EnrolledFinger {
  /** Compact records of its impressions, the best first. */
  records: Uint8Array[];
  /** Of the best of them, 0..100. */
  quality: number;
}

interface Impression {
  record: Uint8Array;
  prepared: PreparedFinger;
  quality: number;
  /** Numbers of the impressions before it that are of the same finger. */
  agrees: ReadonlySet<number>;
}

/**
 * Takes one finger after several captures, one at a time, and says what is to be done next. It neither waits nor asks
 * for anything: whoever has the scanner gives it captures. What counts is the largest set of impressions of which every
 * two match, so that a wrong finger at the beginning does not spoil the rest.
 */
export class GuidedEnrollment {
  readonly #policy: EnrollmentPolicy;
  readonly #others: readonly PreparedFinger[];
  readonly #impressions: Impression[] = [];
  #best: readonly number[] = [];
  #attempts = 0;
  #repositionAsks = 0;
  #isOver = false;
  readonly #rejections: CaptureReason[] = [];

  /** @param others records of this person's fingers that were enrolled a moment ago */
  constructor(policy: EnrollmentPolicy = ENROLLMENT_POLICY, others: readonly Uint8Array[] = []) {
    this.#policy = policy;
    this.#others = others.map((record) => prepare(decodeTemplate(record)));
  }

  /** Number of the impression that is wanted next, from 1. */
  get wants(): number {
    return Math.min(this.#best.length + 1, this.#policy.impressions);
  }

  get impressions(): number {
    return this.#policy.impressions;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** @throws RollcallError `INVALID_TRANSITION` once it is over, `TEMPLATE_INVALID` for a record that is none */
  take({ record, quality }: Capture): EnrollmentAnswer {
    this.#begin();
    const prepared = prepare(decodeTemplate(record));
    const reasons = this.#qualityReasons(quality);
    if (reasons.length > 0) return this.#reject(reasons, quality.score);
    const { otherFingerPoints } = this.#policy;
    if (this.#others.some((other) => compare(other, prepared) >= otherFingerPoints)) {
      return this.#reject(['enrolled_just_now'], quality.score);
    }
    if (this.#isAgain(record, prepared)) return this.#reject(['same_place'], quality.score);
    return this.#keep({ record, prepared, quality: quality.score, agrees: this.#agreeing(prepared) });
  }

  /** A capture of which nothing could be read. */
  takeUnreadable(): EnrollmentAnswer {
    this.#begin();
    return this.#reject(['too_little_finger'], 0);
  }

  #begin(): void {
    if (this.#isOver) {
      throw new RollcallError('INVALID_TRANSITION', 'This enrollment is over; begin another one');
    }
    this.#attempts += 1;
  }

  #qualityReasons({ score, reasons }: Capture['quality']): CaptureReason[] {
    if (reasons.length > 0) return [...reasons];
    return score < this.#policy.captureQualityMin ? ['poor_quality'] : [];
  }

  #isOne(a: PreparedFinger, b: PreparedFinger): boolean {
    return compare(a, b) >= this.#policy.consistencyPoints;
  }

  /** The very same picture is never a second impression; the same place is one after so many vain requests. */
  #isAgain(record: Uint8Array, prepared: PreparedFinger): boolean {
    if (this.#impressions.some((one) => isSameRecord(one.record, record))) return true;
    if (this.#repositionAsks >= this.#policy.repositionAsksMax) return false;
    const isAgain = this.#best.some((at) => {
      const one = this.#impressions[at];
      return one !== undefined && isSamePlace(one.prepared, prepared);
    });
    if (isAgain) this.#repositionAsks += 1;
    return isAgain;
  }

  #agreeing(prepared: PreparedFinger): Set<number> {
    const agreeing = this.#impressions.flatMap((one, at) =>
      this.#isOne(one.prepared, prepared) ? [at] : [],
    );
    return new Set(agreeing);
  }

  #keep(impression: Impression): EnrollmentAnswer {
    const number = this.#impressions.push(impression) - 1;
    const set = this.#largestSetWith(number);
    const { quality } = impression;
    if (set.length <= this.#best.length && !this.#improves(set))
      return this.#reject(['other_finger'], quality);
    this.#best = set;
    const finger = this.#finger();
    if (finger !== undefined) {
      this.#isOver = true;
      return { outcome: 'complete', impression: this.#policy.impressions, quality, finger };
    }
    if (set.length >= this.#policy.impressions) return this.#reject(['poor_quality'], quality);
    return this.#failIfLast({ outcome: 'accepted', impression: set.length, quality });
  }

  /** With as many impressions as are needed, but none that is good enough, a better one may take the place of another. */
  #improves(set: readonly number[]): boolean {
    return set.length >= this.#policy.impressions && this.#qualityOf(set) > this.#qualityOf(this.#best);
  }

  #qualityOf(set: readonly number[]): number {
    return Math.max(0, ...set.map((at) => this.#impressions[at]?.quality ?? 0));
  }

  #finger(): EnrolledFinger | undefined {
    const { impressions, fingerQualityMin } = this.#policy;
    if (this.#best.length < impressions) return undefined;
    const kept = this.#best
      .flatMap((at) => this.#impressions[at] ?? [])
      .sort((a, b) => b.quality - a.quality)
      .slice(0, impressions);
    const quality = kept[0]?.quality ?? 0;
    return quality < fingerQualityMin ? undefined : { records: kept.map(({ record }) => record), quality };
  }

  /** The largest set with this impression in which every two agree; attempts are few, so all are looked at. */
  #largestSetWith(number: number): number[] {
    const agree = (a: number, b: number): boolean =>
      this.#impressions[Math.max(a, b)]?.agrees.has(Math.min(a, b)) === true;
    let largest: number[] = [number];
    const grow = (set: readonly number[], candidates: readonly number[]): void => {
      if (set.length > largest.length) largest = [...set];
      for (const [at, next] of candidates.entries()) {
        grow(
          [...set, next],
          candidates.slice(at + 1).filter((other) => agree(next, other)),
        );
      }
    };
    grow([number], [...(this.#impressions[number]?.agrees ?? [])]);
    return largest;
  }

  #reject(reasons: CaptureReason[], quality: number): EnrollmentAnswer {
    this.#rejections.push(...reasons);
    return this.#failIfLast({ outcome: 'rejected', reasons, quality });
  }

  #failIfLast(answer: Extract<EnrollmentAnswer, { outcome: 'accepted' | 'rejected' }>): EnrollmentAnswer {
    if (this.#attempts < this.#policy.attemptsMax) return answer;
    this.#isOver = true;
    const reasons = mostFrequent(this.#rejections);
    const error = reasons.includes('other_finger')
      ? new RollcallError(
          'FINGER_INCONSISTENT',
          `${this.#attempts} captures did not agree on one finger: wipe glass and finger, and begin again with one finger`,
        )
      : new RollcallError(
          'FINGER_UNREADABLE',
          `${this.#attempts} captures were not enough: take another finger, or give a card instead`,
        );
    return { outcome: 'failed', reasons, quality: answer.quality, error };
  }
}

function isSameRecord(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function mostFrequent(reasons: readonly CaptureReason[]): CaptureReason[] {
  const counts = new Map<CaptureReason, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  return [...counts].filter(([, count]) => count === most).map(([reason]) => reason);
}
