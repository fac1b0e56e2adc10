import {
  CELL_COUNT,
  CELL_WORDS,
  CYLINDER_WORDS,
  type Cylinders,
  popcount,
  SLICES,
  wrapped,
} from './cylinders.js';

/** Cylinders are compared only when their directions differ by less than this. */
const DIRECTION_MAX = Math.PI / 2;
/** Share of cells that both cylinders must know. */
const COMMON_CELLS_MIN = Math.round(0.6 * CELL_COUNT);
/** Pairs that are averaged: from 4 for poor prints to 12 for good ones. */
const PAIRS_MIN = 4;
const PAIRS_MORE = 8;
/** Fewer pairs than this divide by this all the same: a few lucky pairs are no match (fingerprint §8.1). */
const DIVISOR_MIN = 9;
const RELAXATIONS = 5;
const KEEP = 0.5;
/** Beyond these the compatibility is zero, and its exponentials are not worth calculating. */
const STRETCH_MAX_PX = 15;
const TURN_MAX = 0.6;
const ROOTS = Float64Array.from({ length: CELL_COUNT * SLICES + 1 }, (_, count) => Math.sqrt(count));

export interface Pair {
  a: number;
  b: number;
  score: number;
}

/** Pairs of cylinders that are alike, those first that gained most from their neighbors; `take` of them count. */
export function relaxedPairs(a: Cylinders, b: Cylinders): { pairs: Pair[]; take: number } {
  const count = Math.min(a.count, b.count);
  const take = PAIRS_MIN + Math.round(PAIRS_MORE / (1 + Math.exp(-0.4 * (count - 20))));
  return { pairs: relax(a, b, bestPairs(a, b, Math.max(count, take))), take };
}

/** Likeness of two sets, 0..1: the best one-to-one pairs after relaxation. */
export function compareCylinders(a: Cylinders, b: Cylinders): number {
  const { pairs, take } = relaxedPairs(a, b);
  const usedA = new Uint8Array(a.count);
  const usedB = new Uint8Array(b.count);
  let sum = 0;
  let taken = 0;
  for (const pair of pairs) {
    if (taken === take) break;
    if (usedA[pair.a] === 1 || usedB[pair.b] === 1) continue;
    usedA[pair.a] = 1;
    usedB[pair.b] = 1;
    sum += pair.score;
    taken += 1;
  }
  return sum / Math.max(take, DIVISOR_MIN);
}

/** Bins of the histogram that finds the best pairs without sorting all of them. */
const BINS = 256;

function bestPairs(a: Cylinders, b: Cylinders, limit: number): Pair[] {
  const scores = new Float32Array(a.count * b.count);
  const bins = new Int32Array(BINS);
  for (let row = 0; row < a.count; row += 1) {
    for (let column = 0; column < b.count; column += 1) {
      const score = similarity(a, row, b, column);
      scores[row * b.count + column] = score;
      if (score > 0) bins[Math.floor(score * (BINS - 1))]! += 1;
    }
  }
  let bin = BINS - 1;
  for (let sum = bins[bin]!; sum < limit && bin > 0; sum += bins[bin]!) bin -= 1;
  const floor = bin / (BINS - 1);
  const pairs: Pair[] = [];
  for (let at = 0; at < scores.length; at += 1) {
    const score = scores[at]!;
    if (score > 0 && score >= floor) pairs.push({ a: Math.floor(at / b.count), b: at % b.count, score });
  }
  return pairs.sort((p, q) => q.score - p.score || p.a - q.a || p.b - q.b).slice(0, limit);
}

function similarity(a: Cylinders, row: number, b: Cylinders, column: number): number {
  // A shortcut of |wrapped(difference)| > DIRECTION_MAX for angles within one turn.
  const turned = Math.abs(a.angle[row]! - b.angle[column]!);
  if (turned > DIRECTION_MAX && turned < 2 * Math.PI - DIRECTION_MAX) return 0;
  let common = 0;
  let shared = 0;
  let onesA = 0;
  let onesB = 0;
  for (let word = 0; word < CELL_WORDS; word += 1) {
    const known = a.known[row * CELL_WORDS + word]! & b.known[column * CELL_WORDS + word]!;
    common += popcount(known);
    for (let slice = 0; slice < SLICES; slice += 1) {
      const p = a.bits[row * CYLINDER_WORDS + slice * CELL_WORDS + word]! & known;
      const q = b.bits[column * CYLINDER_WORDS + slice * CELL_WORDS + word]! & known;
      onesA += popcount(p);
      onesB += popcount(q);
      shared += popcount(p & q);
    }
  }
  if (common < COMMON_CELLS_MIN || onesA + onesB === 0) return 0;
  return 1 - ROOTS[onesA + onesB - 2 * shared]! / (ROOTS[onesA]! + ROOTS[onesB]!);
}

/** Every pair gains from the pairs that fit it: same distance, same turn, same bearing (fingerprint §8.1). */
function relax(a: Cylinders, b: Cylinders, pairs: readonly Pair[]): Pair[] {
  const count = pairs.length;
  if (count < 2) return [...pairs];
  const support = new Float64Array(count * count);
  for (let one = 0; one < count; one += 1) {
    for (let other = 0; other < count; other += 1) {
      if (one !== other) support[one * count + other] = compatibility(a, b, pairs[one]!, pairs[other]!);
    }
  }
  let values = Float64Array.from(pairs, (pair) => pair.score);
  for (let round = 0; round < RELAXATIONS; round += 1) {
    const next = new Float64Array(count);
    for (let one = 0; one < count; one += 1) {
      let sum = 0;
      for (let other = 0; other < count; other += 1) sum += support[one * count + other]! * values[other]!;
      next[one] = KEEP * values[one]! + ((1 - KEEP) / (count - 1)) * sum;
    }
    values = next;
  }
  const gain = (at: number): number => values[at]! / pairs[at]!.score;
  return [...pairs.keys()]
    .sort((x, y) => gain(y) - gain(x) || x - y)
    .map((at) => ({ a: pairs[at]!.a, b: pairs[at]!.b, score: values[at]! }));
}

function compatibility(a: Cylinders, b: Cylinders, one: Pair, other: Pair): number {
  const ax = a.x[other.a]! - a.x[one.a]!;
  const ay = a.y[other.a]! - a.y[one.a]!;
  const bx = b.x[other.b]! - b.x[one.b]!;
  const by = b.y[other.b]! - b.y[one.b]!;
  const stretch = Math.abs(Math.sqrt(ax * ax + ay * ay) - Math.sqrt(bx * bx + by * by));
  if (stretch > STRETCH_MAX_PX) return 0;
  const turnA = a.angle[one.a]! - a.angle[other.a]!;
  const turnB = b.angle[one.b]! - b.angle[other.b]!;
  const turn = Math.abs(wrapped(turnA - turnB));
  if (turn > TURN_MAX) return 0;
  const bearingA = a.angle[one.a]! - Math.atan2(-ay, ax);
  const bearingB = b.angle[one.b]! - Math.atan2(-by, bx);
  const bearing = Math.abs(wrapped(bearingA - bearingB));
  return sigmoid(stretch, 5, -1.6) * sigmoid(turn, Math.PI / 12, -30) * sigmoid(bearing, Math.PI / 12, -30);
}

function sigmoid(value: number, middle: number, slope: number): number {
  return 1 / (1 + Math.exp(-slope * (value - middle)));
}
