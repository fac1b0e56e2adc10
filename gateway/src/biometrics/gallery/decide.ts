/** One finger of a gallery and how well it fits, in points: ten a decade of false match rate. */
export interface Candidate {
  finger: string;
  score: number;
}

export type Decision =
  | { kind: 'match'; finger: string; score: number; lead: number }
  /** Two fingers fit too well to choose; asking for a second try or a card is right, guessing is not. */
  | { kind: 'ambiguous'; fingers: [string, string] }
  | { kind: 'none' };

/** How many fingers were searched, and which of them were expected here and now. */
export interface Searched {
  fingers: number;
  expected?: readonly string[];
  /** Two fingers of one person are no rivals. */
  personOf?: (finger: string) => string;
}

/** False positives allowed per search (fingerprint §10: one in a thousand attempts of people who are not enrolled). */
export const FALSE_POSITIVES_PER_SEARCH = 0.001;
/** False matches allowed per verification: the person has named themselves, with a card for example. */
export const FALSE_MATCHES_PER_VERIFICATION = 0.0001;
/** Points by which the best finger must lead: one decade of false match rate. */
const LEAD_POINTS = 10;
/** Points above the threshold of the whole gallery at which nobody else has to be looked at: two decades. */
const SURE_POINTS = 20;

/** Score that a search among so many fingers needs: FPIR = 1 - (1 - FMR)^N, for small rates N × FMR. */
export function thresholdFor(fingers: number, falsePositives = FALSE_POSITIVES_PER_SEARCH): number {
  return 10 * Math.log10(Math.max(1, fingers) / falsePositives);
}

/**
 * What a ranking means; it is sorted, best first, one entry a finger. People who are expected need only what a search
 * among them needs; half of the allowed false positives is theirs then, and half everybody else's (fingerprint §10).
 */
export function decide(ranking: readonly Candidate[], searched: Searched): Decision {
  const { fingers, expected = [], personOf = (finger) => finger } = searched;
  const isExpected = new Set(expected);
  const allowed = isExpected.size > 0 ? FALSE_POSITIVES_PER_SEARCH / 2 : FALSE_POSITIVES_PER_SEARCH;
  const needed = ({ finger }: Candidate): number =>
    thresholdFor(isExpected.has(finger) ? isExpected.size : fingers, allowed);
  const winner = ranking.find((candidate) => candidate.score >= needed(candidate));
  if (winner === undefined) return { kind: 'none' };
  const person = personOf(winner.finger);
  const rival = ranking.find(({ finger }) => personOf(finger) !== person);
  const lead = winner.score - (rival?.score ?? 0);
  if (rival !== undefined && rival.score >= needed(winner) && lead < LEAD_POINTS) {
    return { kind: 'ambiguous', fingers: [winner.finger, rival.finger] };
  }
  return { kind: 'match', finger: winner.finger, score: winner.score, lead };
}

/** Whether one of a person's own fingers, all of which are in the ranking, fits well enough (verification 1:1). */
export function decideVerification(ranking: readonly Candidate[]): Decision {
  const [best] = ranking;
  const needed = thresholdFor(ranking.length, FALSE_MATCHES_PER_VERIFICATION);
  if (best === undefined || best.score < needed) return { kind: 'none' };
  return { kind: 'match', finger: best.finger, score: best.score, lead: best.score };
}

/** Whether the best of the expected fingers fits so well that the whole gallery need not be searched. */
export function isSure(ranking: readonly Candidate[], fingers: number): boolean {
  const [best, second] = ranking;
  if (best === undefined) return false;
  return (
    best.score >= thresholdFor(fingers) + SURE_POINTS && best.score - (second?.score ?? 0) >= LEAD_POINTS
  );
}
