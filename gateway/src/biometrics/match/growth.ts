import { angleDistance } from '../extract/minutiae.js';
import { EDGE_MAX_PX, STAR_EDGES, type Stars } from './stars.js';

/** Tolerance of the angles of an edge, in angle steps (fingerprint §8.2: 10°). */
const ANGLE_TOLERANCE = 9;
/** A pairing may bend this much against its root, in angle steps. */
const BEND_MAX = 28;
/** Edges waiting to be followed; the densest print does not reach it. */
const QUEUE_MAX = 4096;
const NONE = -1;

export interface PairedMinutiae {
  a: number;
  b: number;
}

/** Whether two edges of about the same length lie alike between the directions of their minutiae. */
export function anglesAgree(a: Stars, edgeA: number, b: Stars, edgeB: number): boolean {
  return (
    angleDistance(a.here[edgeA]!, b.here[edgeB]!) <= ANGLE_TOLERANCE &&
    angleDistance(a.there[edgeA]!, b.there[edgeB]!) <= ANGLE_TOLERANCE
  );
}

/** A pairing that grows from one pair: shortest edges first, each minutia at most once. Can be run again and again. */
export class Growth {
  readonly #a: Stars;
  readonly #b: Stars;
  readonly #partnerOfA: Int16Array;
  readonly #partnerOfB: Int16Array;
  /** Edges to follow, in lists by whole px of length: head per length, next per place. */
  readonly #heads = new Int16Array(EDGE_MAX_PX + 1);
  readonly #next = new Int16Array(QUEUE_MAX);
  readonly #edgeA = new Int16Array(QUEUE_MAX);
  readonly #edgeB = new Int16Array(QUEUE_MAX);
  #queued = 0;
  /** No shorter list than this holds anything. */
  #shortest = 0;
  #turn = 0;
  readonly pairs: PairedMinutiae[] = [];
  /** Edges that agree, with their errors relative to the tolerance. */
  agreeing = 0;
  lengthError = 0;
  angleError = 0;

  constructor(a: Stars, b: Stars) {
    this.#a = a;
    this.#b = b;
    this.#partnerOfA = new Int16Array(a.count);
    this.#partnerOfB = new Int16Array(b.count);
  }

  run(root: PairedMinutiae): void {
    this.#partnerOfA.fill(NONE);
    this.#partnerOfB.fill(NONE);
    this.#heads.fill(NONE);
    this.#queued = 0;
    this.#shortest = 0;
    this.pairs.length = 0;
    this.agreeing = 0;
    this.lengthError = 0;
    this.angleError = 0;
    this.#turn = this.#a.angle[root.a]! - this.#b.angle[root.b]!;
    this.#pair(root.a, root.b);
    for (let place = this.#take(); place !== NONE; place = this.#take()) this.#follow(place);
  }

  #follow(place: number): void {
    const edgeA = this.#edgeA[place]!;
    const edgeB = this.#edgeB[place]!;
    const a = this.#a.neighbor[edgeA]!;
    const b = this.#b.neighbor[edgeB]!;
    const isFree = this.#partnerOfA[a] === NONE && this.#partnerOfB[b] === NONE;
    if (!isFree && this.#partnerOfA[a] !== b) return;
    this.agreeing += 1;
    this.lengthError += Math.abs(this.#a.length[edgeA]! - this.#b.length[edgeB]!) / this.#a.tolerance[edgeA]!;
    const here = angleDistance(this.#a.here[edgeA]!, this.#b.here[edgeB]!);
    const there = angleDistance(this.#a.there[edgeA]!, this.#b.there[edgeB]!);
    this.angleError += (here + there) / (2 * ANGLE_TOLERANCE);
    if (isFree) this.#pair(a, b);
  }

  #pair(one: number, other: number): void {
    const a = this.#a;
    const b = this.#b;
    this.#partnerOfA[one] = other;
    this.#partnerOfB[other] = one;
    this.pairs.push({ a: one, b: other });
    const endA = one * STAR_EDGES + a.edges[one]!;
    const endB = other * STAR_EDGES + b.edges[other]!;
    for (let edge = one * STAR_EDGES; edge < endA; edge += 1) {
      for (let match = other * STAR_EDGES; match < endB; match += 1) {
        if (Math.abs(b.length[match]! - a.length[edge]!) > a.tolerance[edge]!) continue;
        if (!anglesAgree(a, edge, b, match)) continue;
        const turn = a.angle[a.neighbor[edge]!]! - b.angle[b.neighbor[match]!]!;
        if (angleDistance(turn, this.#turn) <= BEND_MAX) this.#add(edge, match);
      }
    }
  }

  #add(edgeA: number, edgeB: number): void {
    if (this.#queued === QUEUE_MAX) return;
    const place = this.#queued;
    const length = Math.floor(this.#a.length[edgeA]!);
    this.#queued += 1;
    this.#edgeA[place] = edgeA;
    this.#edgeB[place] = edgeB;
    this.#next[place] = this.#heads[length]!;
    this.#heads[length] = place;
    if (length < this.#shortest) this.#shortest = length;
  }

  #take(): number {
    while (this.#shortest <= EDGE_MAX_PX && this.#heads[this.#shortest] === NONE) this.#shortest += 1;
    if (this.#shortest > EDGE_MAX_PX) {
      this.#shortest = EDGE_MAX_PX;
      return NONE;
    }
    const place = this.#heads[this.#shortest]!;
    this.#heads[this.#shortest] = this.#next[place]!;
    return place;
  }
}
