/** One finger of a gallery and how well it fits, in points: ten a decade of false match rate. */
export interface Candidate {
  finger: string;
  score: number;
}

export type Decision =
  | { kind: 'match'; finger: string; score: number }
  /** Two fingers fit too well to choose; asking for a second try or a card is right, guessing is not. */
  | { kind: 'ambiguous'; fingers: [string, string] }
  | { kind: 'none' };

/** False positives allowed per search (fingerprint §10: one in a thousand attempts of people who are not enrolled). */
export const FALSE_POSITIVES_PER_SEARCH = 0.001;
/** Points by which the best finger must lead: one decade of false match rate. */
const LEAD_POINTS = 10;

/** Score that a search among so many fingers needs: FPIR = 1 - (1 - FMR)^N, for small rates N × FMR. */
export function thresholdFor(fingers: number, falsePositives = FALSE_POSITIVES_PER_SEARCH): number {
  return 10 * Math.log10(Math.max(1, fingers) / falsePositives);
}

/** What a ranking means. `ranking` is sorted, best first, one entry a finger; `searched` is how many were compared. */
export function decide(ranking: readonly Candidate[], searched: number): Decision {
  const [best, second] = ranking;
  const threshold = thresholdFor(searched);
  if (best === undefined || best.score < threshold) return { kind: 'none' };
  if (second !== undefined && second.score >= threshold && best.score - second.score < LEAD_POINTS) {
    return { kind: 'ambiguous', fingers: [best.finger, second.finger] };
  }
  return { kind: 'match', finger: best.finger, score: best.score };
}
