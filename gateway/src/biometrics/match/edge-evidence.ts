import type { OrientationGrid } from '../field/orientation-grid.js';
import { motionOf, type Overlay, overlay } from './alignment.js';
import { type Pairing, pairByEdges } from './edge-matcher.js';
import type { Matcher } from './matcher.js';
import { buildStars, type Stars } from './stars.js';

export interface EdgeSide {
  stars: Stars;
  grid: OrientationGrid;
}

/** Names of the numbers that {@link edgeMatcher} gives, in their order. */
export const EDGE_EVIDENCE = [
  /** Edges that agree beyond those that built the pairing, logarithm. */
  'support',
  /** Minutiae that meet among those both fingers should show, and the same weighed by how many they are. */
  'met_share',
  'met_weight',
  /** Mean distance of those that meet, px. */
  'distance',
  /** Agreement of the ridge flow, weighed by how much of it both show. */
  'common_flow',
  /** Paired minutiae among all. */
  'pair_share',
] as const;

/** Fewer pairs fix no motion. */
const PAIRS_FOR_MOTION = 2;
/** Added to the shared minutiae, so that two of three do not count like twenty of thirty. */
const SHARE_PRIOR = 4;
const NOTHING_TO_OVERLAY: Overlay = { met: 0, sharedA: 0, sharedB: 0, distance: 14, flow: 0, cells: 0 };

/** Pairing by edges, and how well the two agree when laid over each other by it. */
export const edgeMatcher: Matcher<EdgeSide> = {
  id: 'edges',
  prepare: ({ minutiae, grid }) => ({ stars: buildStars(minutiae), grid }),
  compare: (a, b) => {
    const pairing = pairByEdges(a.stars, b.stars);
    if (pairing.pairs.length < PAIRS_FOR_MOTION) return evidence(a, b, pairing, NOTHING_TO_OVERLAY);
    return evidence(a, b, pairing, overlay(a, b, motionOf(a.stars, b.stars, pairing.pairs)));
  },
};

function evidence(a: EdgeSide, b: EdgeSide, pairing: Pairing, laid: Overlay): number[] {
  const minutiae = Math.sqrt(Math.max(1, a.stars.count * b.stars.count));
  // Minutiae that met are shared, whatever the ridge flow says: a record whose flow is cut away must not gain by it.
  const sharedA = Math.max(laid.met, laid.sharedA);
  const sharedB = Math.max(laid.met, laid.sharedB);
  const metShare = laid.met / Math.sqrt(sharedA * sharedB + SHARE_PRIOR);
  return [
    Math.log1p(pairing.support),
    metShare,
    metShare * Math.log1p(laid.met),
    laid.distance,
    (Math.max(0, laid.flow) ** 2 * Math.log1p(laid.cells)) / 4,
    pairing.pairs.length / minutiae,
  ];
}
