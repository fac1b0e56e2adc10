/** Periods of one student, or of several together. */
export interface Periods {
  held: number;
  /** Never more than `held`. */
  attended: number;
}

export interface Thresholds {
  /** ATTENDANCE_THRESHOLD_PERCENT. */
  enough: number;
  /** CONDONE_THRESHOLD_PERCENT. */
  condonable: number;
}

/**
 * - `no_basis`: nothing counts yet, so there is neither 0 nor 100 percent (domain case 140).
 * - `enough`, `condonable`, `short`: compared as exact fractions (case 138).
 */
export const STANDINGS = ['enough', 'condonable', 'short', 'no_basis'] as const;
export type Standing = (typeof STANDINGS)[number];

export function standingOf({ held, attended }: Periods, { enough, condonable }: Thresholds): Standing {
  if (held === 0) return 'no_basis';
  if (reaches(attended, held, enough)) return 'enough';
  return reaches(attended, held, condonable) ? 'condonable' : 'short';
}

/** attended / held ≥ percent / 100, without a fraction. */
export const reaches = (attended: number, held: number, percent: number): boolean =>
  attended * 100 >= percent * held;

/** Two digits, cut off and never rounded: 74.996 % is shown as 74.99 (case 138). Null without a basis. */
export function shownPercent({ held, attended }: Periods): number | null {
  return held === 0 ? null : Math.floor((attended * 10_000) / held) / 100;
}

export interface Forecast {
  /** Attended without a gap from now on, the share reaches the threshold; 0: it does already; null: never. */
  attendNext: number | null;
  /** Missed from now on, the share still reaches it; null where it does not now, or where nothing is asked. */
  mayMiss: number | null;
  /** Whether the share can still reach it within what is planned; null where that is not known. */
  canReach: boolean | null;
}

/**
 * What a student can still do about it (case 149). Pending classes may turn out attended: they belong to what is
 * still to come.
 *
 * @param remaining periods that are pending or planned; null: not known
 */
export function forecast({ held, attended }: Periods, percent: number, remaining: number | null): Forecast {
  const over = 100 * attended - percent * held;
  const attendNext = over >= 0 ? 0 : percent === 100 ? null : Math.ceil(-over / (100 - percent));
  return {
    attendNext,
    mayMiss: over < 0 || percent === 0 ? null : Math.floor(over / percent),
    canReach: remaining === null ? null : attendNext !== null && attendNext <= remaining,
  };
}
