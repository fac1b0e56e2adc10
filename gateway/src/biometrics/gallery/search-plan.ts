import { type Candidate, isSure } from './decide.js';

/** Least number of templates that pass the first round, and the share of large galleries that does. */
const CODES_KEPT_MIN = 200;
const CODES_KEPT_SHARE = 0.02;
/** Templates that are compared with everything there is. */
const COMPARED_MAX = 30;

/** What every shard of a gallery is asked, one round after the other. */
export type Round =
  /** All templates, unscored. */
  | { kind: 'all' }
  /** The templates of these fingers, by the support of their likest minutiae. */
  | { kind: 'expected'; fingers: readonly string[]; limit: number }
  /** All templates, by likeness of codes. */
  | { kind: 'codes'; limit: number }
  /** These templates, by the support of their likest minutiae. */
  | { kind: 'support'; ids: readonly string[]; limit: number }
  /** These templates, by everything there is. */
  | { kind: 'compare'; ids: readonly string[] };

export interface Ranked {
  id: string;
  finger: string;
  score: number;
}

export interface SearchScope {
  templates: number;
  fingers: number;
  /** Fingers of the people who have class here now. */
  expected?: readonly string[];
  /** Verification 1:1: nothing but the fingers of one person is looked at. */
  only?: readonly string[];
}

/**
 * The rounds of a search. Each yields what the shards are to answer and takes their answers; at the end stand the
 * fingers that fit best, best first, each with the score of its best template. Whatever is chosen is chosen by score and
 * then by id over all shards together: neither the order of enrollment nor the number of shards can be seen in it.
 */
export function* searchPlan(scope: SearchScope): Generator<Round, Candidate[], readonly Ranked[][]> {
  const { expected = [], templates, fingers, only } = scope;
  if (only !== undefined) {
    const own = best(yield { kind: 'expected', fingers: only, limit: COMPARED_MAX }, COMPARED_MAX);
    return byFinger((yield { kind: 'compare', ids: own.map(({ id }) => id) }).flat());
  }
  let first: Ranked[] = [];
  if (expected.length > 0) {
    const near = best(yield { kind: 'expected', fingers: expected, limit: COMPARED_MAX }, COMPARED_MAX);
    first = (yield { kind: 'compare', ids: near.map(({ id }) => id) }).flat();
    const ranking = byFinger(first);
    if (isSure(ranking, fingers)) return ranking;
  }
  const codesKept = Math.max(CODES_KEPT_MIN, Math.ceil(CODES_KEPT_SHARE * templates));
  let kept =
    templates <= codesKept
      ? (yield { kind: 'all' }).flat()
      : best(yield { kind: 'codes', limit: codesKept }, codesKept);
  if (kept.length > COMPARED_MAX) {
    const ids = kept.map(({ id }) => id);
    kept = best(yield { kind: 'support', ids, limit: COMPARED_MAX }, COMPARED_MAX);
  }
  const done = new Set(first.map(({ id }) => id));
  const ids = kept.map(({ id }) => id).filter((id) => !done.has(id));
  return byFinger([...first, ...(yield { kind: 'compare', ids }).flat()]);
}

/** The best of all shards together. */
function best(answers: readonly Ranked[][], limit: number): Ranked[] {
  return answers.flat().sort(compareRanked).slice(0, limit);
}

/** Higher scores first; equal ones by id. */
export function compareRanked(a: Ranked, b: Ranked): number {
  return b.score - a.score || compareText(a.id, b.id);
}

/** A finger counts as its best template. */
function byFinger(compared: readonly Ranked[]): Candidate[] {
  const scores = new Map<string, number>();
  for (const { finger, score } of compared) {
    if (score > (scores.get(finger) ?? -1)) scores.set(finger, score);
  }
  return [...scores]
    .map(([finger, score]) => ({ finger, score }))
    .sort((a, b) => b.score - a.score || compareText(a.finger, b.finger));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
