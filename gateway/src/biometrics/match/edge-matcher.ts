import { angleDistance } from '../extract/minutiae.js';
import { STAR_EDGES, type Stars } from './stars.js';

/** Tolerances of two edges (fingerprint §8.2: 13 px, 10°); longer edges may stretch more. */
const LENGTH_TOLERANCE_PX = 9;
const LENGTH_TOLERANCE_SHARE = 0.06;
const ANGLE_TOLERANCE = 9;
/** Directions of a pair may differ by a quarter turn: nobody lays a finger on upside down. */
const ROTATION_MAX = 64;
/** A pairing may bend this much against its root, in angle steps. */
const BEND_MAX = 28;
/** Root pairs that are grown into pairings, those with most edges in common. */
const ROOTS_MAX = 24;
const ROOT_VOTES_MIN = 2;
/** Edges waiting to be followed; the densest print does not reach it. */
const QUEUE_MAX = 4096;

/** What is known of the best pairing of two sets. */
export interface Pairing {
  pairs: { a: number; b: number }[];
  /** Edges that agree beyond those that built the tree. */
  support: number;
  sameType: number;
  /** Means over all agreeing edges, 1 at no error, 0 at the tolerance. */
  lengthAccuracy: number;
  angleAccuracy: number;
  score: number;
}

const NOTHING: Pairing = {
  pairs: [],
  support: 0,
  sameType: 0,
  lengthAccuracy: 0,
  angleAccuracy: 0,
  score: 0,
};

/**
 * Grows pairings of minutiae from edge to neighboring edge, never aligning the whole: skin stretches. Lengths and
 * angles are relative to the minutiae, so place and rotation do not matter (fingerprint §8.2).
 */
export function pairByEdges(a: Stars, b: Stars): Pairing {
  let best = NOTHING;
  for (const root of roots(a, b)) {
    const pairing = grow(a, b, root);
    if (pairing.score > best.score) best = pairing;
  }
  return best;
}

interface Root {
  a: number;
  b: number;
  votes: number;
}

function roots(a: Stars, b: Stars): Root[] {
  const found: Root[] = [];
  for (let one = 0; one < a.count; one += 1) {
    for (let other = 0; other < b.count; other += 1) {
      if (angleDistance(a.angle[one]!, b.angle[other]!) > ROTATION_MAX) continue;
      const votes = commonEdges(a, one, b, other);
      if (votes >= ROOT_VOTES_MIN) found.push({ a: one, b: other, votes });
    }
  }
  return found.sort((p, q) => q.votes - p.votes || p.a - q.a || p.b - q.b).slice(0, ROOTS_MAX);
}

function commonEdges(a: Stars, one: number, b: Stars, other: number): number {
  const startA = one * STAR_EDGES;
  const endA = startA + a.edges[one]!;
  const endB = other * STAR_EDGES + b.edges[other]!;
  let startB = other * STAR_EDGES;
  let votes = 0;
  for (let edge = startA; edge < endA; edge += 1) {
    const length = a.length[edge]!;
    const tolerance = LENGTH_TOLERANCE_PX + LENGTH_TOLERANCE_SHARE * length;
    while (startB < endB && b.length[startB]! < length - tolerance) startB += 1;
    for (let match = startB; match < endB && b.length[match]! <= length + tolerance; match += 1) {
      if (angleDistance(a.here[edge]!, b.here[match]!) > ANGLE_TOLERANCE) continue;
      if (angleDistance(a.there[edge]!, b.there[match]!) > ANGLE_TOLERANCE) continue;
      votes += 1;
      break;
    }
  }
  return votes;
}

/** One pairing that grows: shortest edges first, each minutia at most once. */
class Growth {
  readonly #a: Stars;
  readonly #b: Stars;
  readonly #root: Root;
  readonly #partnerOfA: Int16Array;
  readonly #partnerOfB: Int16Array;
  /** Edges to follow, and whether they are done. */
  readonly #queue: { edgeA: number; edgeB: number; length: number }[] = [];
  readonly pairs: { a: number; b: number }[] = [];
  agreeing = 0;
  lengthError = 0;
  angleError = 0;

  constructor(a: Stars, b: Stars, root: Root) {
    this.#a = a;
    this.#b = b;
    this.#root = root;
    this.#partnerOfA = new Int16Array(a.count).fill(-1);
    this.#partnerOfB = new Int16Array(b.count).fill(-1);
  }

  run(): void {
    this.#pair(this.#root.a, this.#root.b);
    for (let next = this.#shortest(); next !== undefined; next = this.#shortest()) {
      const a = this.#a.neighbor[next.edgeA]!;
      const b = this.#b.neighbor[next.edgeB]!;
      const isFree = this.#partnerOfA[a] === -1 && this.#partnerOfB[b] === -1;
      if (!isFree && this.#partnerOfA[a] !== b) continue;
      this.#count(next.edgeA, next.edgeB);
      if (isFree) this.#pair(a, b);
    }
  }

  #shortest(): { edgeA: number; edgeB: number } | undefined {
    const queue = this.#queue;
    if (queue.length === 0) return undefined;
    let best = 0;
    for (let at = 1; at < queue.length; at += 1) if (queue[at]!.length < queue[best]!.length) best = at;
    const found = queue[best];
    const last = queue.pop()!;
    if (best < queue.length) queue[best] = last;
    return found;
  }

  #count(edgeA: number, edgeB: number): void {
    const length = this.#a.length[edgeA]!;
    const tolerance = LENGTH_TOLERANCE_PX + LENGTH_TOLERANCE_SHARE * length;
    this.agreeing += 1;
    this.lengthError += Math.abs(length - this.#b.length[edgeB]!) / tolerance;
    const here = angleDistance(this.#a.here[edgeA]!, this.#b.here[edgeB]!);
    const there = angleDistance(this.#a.there[edgeA]!, this.#b.there[edgeB]!);
    this.angleError += (here + there) / (2 * ANGLE_TOLERANCE);
  }

  #pair(one: number, other: number): void {
    const a = this.#a;
    const b = this.#b;
    this.#partnerOfA[one] = other;
    this.#partnerOfB[other] = one;
    this.pairs.push({ a: one, b: other });
    const turn = (a.angle[this.#root.a]! - b.angle[this.#root.b]!) & 255;
    for (let edge = one * STAR_EDGES; edge < one * STAR_EDGES + a.edges[one]!; edge += 1) {
      const length = a.length[edge]!;
      const tolerance = LENGTH_TOLERANCE_PX + LENGTH_TOLERANCE_SHARE * length;
      for (let match = other * STAR_EDGES; match < other * STAR_EDGES + b.edges[other]!; match += 1) {
        if (Math.abs(b.length[match]! - length) > tolerance) continue;
        if (angleDistance(a.here[edge]!, b.here[match]!) > ANGLE_TOLERANCE) continue;
        if (angleDistance(a.there[edge]!, b.there[match]!) > ANGLE_TOLERANCE) continue;
        const bent = (a.angle[a.neighbor[edge]!]! - b.angle[b.neighbor[match]!]!) & 255;
        if (angleDistance(bent, turn) > BEND_MAX || this.#queue.length >= QUEUE_MAX) continue;
        this.#queue.push({ edgeA: edge, edgeB: match, length });
      }
    }
  }
}

/** Weights of the evidence (fingerprint §8.2), used to choose among roots. */
function grow(a: Stars, b: Stars, root: Root): Pairing {
  const growth = new Growth(a, b, root);
  growth.run();
  const { pairs, agreeing } = growth;
  const support = agreeing - (pairs.length - 1);
  const sameType = pairs.filter((pair) => a.type[pair.a] === b.type[pair.b]).length;
  const lengthAccuracy = agreeing === 0 ? 0 : 1 - growth.lengthError / agreeing;
  const angleAccuracy = agreeing === 0 ? 0 : 1 - growth.angleError / agreeing;
  const matched = (pairs.length / a.count + pairs.length / b.count) / 2;
  const score =
    pairs.length + 0.3 * support + 0.4 * sameType + 9 * matched + 5 * lengthAccuracy + 3 * angleAccuracy;
  return { pairs, support, sameType, lengthAccuracy, angleAccuracy, score };
}
