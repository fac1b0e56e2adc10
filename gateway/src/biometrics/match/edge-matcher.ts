import { angleDistance } from '../extract/minutiae.js';
import { anglesAgree, Growth, type PairedMinutiae } from './growth.js';
import { STAR_EDGES, type Stars } from './stars.js';

/** Directions of a pair may differ by a quarter turn: nobody lays a finger on upside down. */
const ROTATION_MAX = 64;
/** Root pairs that are grown into pairings, those with most edges in common. */
const ROOTS_MAX = 24;
const ROOT_VOTES_MIN = 2;
/** The best pairing of two sets. */
export interface Pairing {
  pairs: readonly PairedMinutiae[];
  /** Edges that agree beyond those that built the tree. */
  support: number;
  score: number;
}

const NOTHING: Pairing = { pairs: [], support: 0, score: 0 };

/**
 * Grows pairings of minutiae from edge to neighboring edge, never aligning the whole: skin stretches. Lengths and
 * angles are relative to the minutiae, so place and rotation do not matter (fingerprint §8.2).
 */
export function pairByEdges(a: Stars, b: Stars): Pairing {
  let best = NOTHING;
  const growth = new Growth(a, b);
  for (const root of roots(a, b)) {
    growth.run(root);
    const pairing = scored(a, b, growth);
    if (pairing.score > best.score) best = pairing;
  }
  return best;
}

function roots(a: Stars, b: Stars): PairedMinutiae[] {
  const found: (PairedMinutiae & { votes: number })[] = [];
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
    const tolerance = a.tolerance[edge]!;
    while (startB < endB && b.length[startB]! < length - tolerance) startB += 1;
    for (let match = startB; match < endB && b.length[match]! <= length + tolerance; match += 1) {
      if (!anglesAgree(a, edge, b, match)) continue;
      votes += 1;
      break;
    }
  }
  return votes;
}

/** Weights of the evidence (fingerprint §8.2), used only to choose among roots. */
function scored(a: Stars, b: Stars, growth: Growth): Pairing {
  const { pairs, agreeing } = growth;
  const support = agreeing - (pairs.length - 1);
  const sameType = pairs.filter((pair) => a.type[pair.a] === b.type[pair.b]).length;
  const lengthAccuracy = agreeing === 0 ? 0 : 1 - growth.lengthError / agreeing;
  const angleAccuracy = agreeing === 0 ? 0 : 1 - growth.angleError / agreeing;
  const matched = (pairs.length / a.count + pairs.length / b.count) / 2;
  const score =
    pairs.length + 0.3 * support + 0.4 * sameType + 9 * matched + 5 * lengthAccuracy + 3 * angleAccuracy;
  return { pairs: [...pairs], support, score };
}
