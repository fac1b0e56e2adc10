import { TURN, turnOf } from '../field/turns.js';
import {
  BITS_AT,
  CODE_WORDS,
  CODES_MAX,
  FINGER_WORDS,
  ONES_AT,
  PLACES_AT,
  SIDE_WORDS,
} from '../gallery/finger-code.js';
import { popcount } from '../match/cylinders.js';
import type { SearchKernels } from './search-kernels.js';
import {
  LENGTH_FITS,
  LENGTH_OFF_MAX,
  LIKENESS,
  PAIRS,
  SUPPORT_PAIRS,
  TURN_FITS,
  TURN_OFF_MAX,
} from './search-tables.js';

const ANGLES = 256;
const LIKENESSES = 256;
const bins = new Int32Array(LIKENESSES);
const likenesses = new Uint8Array(CODES_MAX * CODES_MAX);
const pairA = new Int32Array(SUPPORT_PAIRS);
const pairB = new Int32Array(SUPPORT_PAIRS);
const alike = new Int32Array(SUPPORT_PAIRS);
const support = new Int32Array(SUPPORT_PAIRS);

/** The search kernels in TypeScript. */
export class PlainSearch implements SearchKernels {
  readonly id = 'plain';
  #words = new Int32Array(FINGER_WORDS);

  reserve(fingers: number): void {
    const length = fingers * FINGER_WORDS;
    if (length <= this.#words.length) return;
    const words = new Int32Array(length);
    words.set(this.#words);
    this.#words = words;
  }

  finger(at: number): Int32Array {
    return this.#words.subarray(at * FINGER_WORDS, (at + 1) * FINGER_WORDS);
  }

  codeScores(count: number): Int32Array {
    return Int32Array.from({ length: count }, (_, at) => codeScore(this.#words, 0, (at + 1) * FINGER_WORDS));
  }

  supportScores(fingers: Int32Array): Int32Array {
    return fingers.map((at) => supportScore(this.#words, 0, at * FINGER_WORDS));
  }
}

/** Of each minutia of the probe the likest one of the finger; the best of those, added over both front ends. */
function codeScore(words: Int32Array, probe: number, finger: number): number {
  let score = 0;
  for (let side = 0; side < 2; side += 1) {
    const a = probe + side * SIDE_WORDS;
    const b = finger + side * SIDE_WORDS;
    const countA = (words[probe]! >> (16 * side)) & 0xffff;
    const countB = (words[finger]! >> (16 * side)) & 0xffff;
    bins.fill(0);
    for (let one = 0; one < countA; one += 1) {
      let most = 0;
      for (let other = 0; other < countB; other += 1) {
        const likeness = likenessOf(words, a, one, b, other);
        if (likeness > most) most = likeness;
      }
      bins[most]! += 1;
    }
    score += sumOfMost(PAIRS);
  }
  return score;
}

/** The sum of the largest values that were counted in the bins. */
function sumOfMost(limit: number): number {
  let left = limit;
  let sum = 0;
  for (let value = LIKENESSES - 1; value > 0 && left > 0; value -= 1) {
    const taken = Math.min(left, bins[value]!);
    sum += taken * value;
    left -= taken;
  }
  return sum;
}

/** 0..255; 0 when the directions differ by more than a quarter turn: nobody lays a finger on upside down. */
function likenessOf(words: Int32Array, a: number, one: number, b: number, other: number): number {
  const turn = (words[a + PLACES_AT + one]! - words[b + PLACES_AT + other]! + ANGLES / 4) & (ANGLES - 1);
  if (turn > ANGLES / 2) return 0;
  const codeA = a + BITS_AT + one * CODE_WORDS;
  const codeB = b + BITS_AT + other * CODE_WORDS;
  let common = 0;
  for (let word = 0; word < CODE_WORDS; word += 1)
    common += popcount(words[codeA + word]! & words[codeB + word]!);
  return (common * LIKENESS[words[a + ONES_AT + one]! + words[b + ONES_AT + other]!]!) >> 16;
}

/** How much the likest pairs of minutiae agree with one another about place and direction, over both front ends. */
function supportScore(words: Int32Array, probe: number, finger: number): number {
  let score = 0;
  for (let side = 0; side < 2; side += 1) {
    const a = probe + side * SIDE_WORDS;
    const b = finger + side * SIDE_WORDS;
    const countA = (words[probe]! >> (16 * side)) & 0xffff;
    const countB = (words[finger]! >> (16 * side)) & 0xffff;
    const count = likestPairs(words, { a, b, countA, countB });
    addSupport(words, a, b, count);
    score += best(count);
  }
  return score;
}

interface Sides {
  a: number;
  b: number;
  countA: number;
  countB: number;
}

/** Fills the pairs, row by row, with those at least as alike as the limit that lets enough of them in. */
function likestPairs(words: Int32Array, { a, b, countA, countB }: Sides): number {
  bins.fill(0);
  for (let one = 0; one < countA; one += 1) {
    for (let other = 0; other < countB; other += 1) {
      const likeness = likenessOf(words, a, one, b, other);
      likenesses[one * CODES_MAX + other] = likeness;
      bins[likeness]! += 1;
    }
  }
  const wanted = Math.min(countA, countB);
  let floor = LIKENESSES - 1;
  let above = 0;
  while (floor > 1 && above + bins[floor]! < wanted) {
    above += bins[floor]!;
    floor -= 1;
  }
  // Of those at the limit itself only as many as still fit, the first ones.
  let atFloor = wanted - above;
  let count = 0;
  for (let one = 0; one < countA; one += 1) {
    for (let other = 0; other < countB; other += 1) {
      const likeness = likenesses[one * CODES_MAX + other]!;
      if (likeness < floor) continue;
      if (likeness === floor) {
        if (atFloor === 0) continue;
        atFloor -= 1;
      }
      pairA[count] = one;
      pairB[count] = other;
      alike[count] = likeness;
      count += 1;
    }
  }
  return count;
}

function addSupport(words: Int32Array, a: number, b: number, count: number): void {
  support.fill(0);
  for (let one = 0; one < count; one += 1) {
    const placeA = words[a + PLACES_AT + pairA[one]!]!;
    const placeB = words[b + PLACES_AT + pairB[one]!]!;
    for (let other = one + 1; other < count; other += 1) {
      const fits = fit(
        placeA,
        words[a + PLACES_AT + pairA[other]!]!,
        placeB,
        words[b + PLACES_AT + pairB[other]!]!,
      );
      support[one]! += (fits * alike[other]!) >> 8;
      support[other]! += (fits * alike[one]!) >> 8;
    }
  }
}

/** 0..65,536: whether one minutia lies to the other in the one finger as it does in the other finger. */
function fit(a: number, toA: number, b: number, toB: number): number {
  const turnOff = shortest(a - toA - (b - toB));
  if (turnOff > TURN_OFF_MAX) return 0;
  const ax = (toA >>> 20) - (a >>> 20);
  const ay = ((a >>> 8) & 0xfff) - ((toA >>> 8) & 0xfff);
  const bx = (toB >>> 20) - (b >>> 20);
  const by = ((b >>> 8) & 0xfff) - ((toB >>> 8) & 0xfff);
  const lengthOff = Math.abs(
    Math.floor(Math.sqrt(ax * ax + ay * ay)) - Math.floor(Math.sqrt(bx * bx + by * by)),
  );
  if (lengthOff > LENGTH_OFF_MAX) return 0;
  const bearingA = a - ((turnOf(ax, ay) + HALF_STEP) >> STEP_BITS);
  const bearingB = b - ((turnOf(bx, by) + HALF_STEP) >> STEP_BITS);
  const bearingOff = shortest(bearingA - bearingB);
  if (bearingOff > TURN_OFF_MAX) return 0;
  return (LENGTH_FITS[lengthOff]! * TURN_FITS[turnOff]! * TURN_FITS[bearingOff]!) >> 8;
}

const STEP_BITS = Math.log2(TURN / ANGLES);
const HALF_STEP = 1 << (STEP_BITS - 1);

function shortest(difference: number): number {
  const steps = difference & (ANGLES - 1);
  return steps > ANGLES / 2 ? ANGLES - steps : steps;
}

/** The sum over the best-supported pairs. */
function best(count: number): number {
  let sum = 0;
  for (let taken = 0; taken < PAIRS; taken += 1) {
    let most = 0;
    let at = 0;
    for (let pair = 0; pair < count; pair += 1) {
      if (support[pair]! > most) {
        most = support[pair]!;
        at = pair;
      }
    }
    if (most === 0) break;
    sum += most;
    // A minutia has one partner: what else it was paired with falls out.
    const partnerA = pairA[at];
    const partnerB = pairB[at];
    for (let pair = 0; pair < count; pair += 1) {
      if (pairA[pair] === partnerA || pairB[pair] === partnerB) support[pair] = 0;
    }
  }
  return sum;
}
