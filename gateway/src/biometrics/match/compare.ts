import type { Template } from '../extract/extract.js';
import type { Cylinders } from './cylinders.js';
import { type EdgeSide, edgeMatcher } from './edge-evidence.js';
import { fuse } from './fusion.js';
import { localMatcher } from './local-matcher.js';

/** A template made ready for comparing: both sets of minutiae for both matchers. */
export interface PreparedFinger {
  local: readonly [Cylinders, Cylinders];
  edges: readonly [EdgeSide, EdgeSide];
}

export function prepare(template: Template): PreparedFinger {
  const { skeleton, phase, grid } = template;
  const sides = [
    { minutiae: skeleton, grid },
    { minutiae: phase, grid },
  ] as const;
  return {
    local: [localMatcher.prepare(sides[0]), localMatcher.prepare(sides[1])],
    edges: [edgeMatcher.prepare(sides[0]), edgeMatcher.prepare(sides[1])],
  };
}

/** Evidence of both matchers, each added over both front ends, in the order of the weights. */
export function evidenceOf(a: PreparedFinger, b: PreparedFinger): number[] {
  const local = localMatcher.compare(a.local[0], b.local[0]);
  const otherLocal = localMatcher.compare(a.local[1], b.local[1]);
  const edges = edgeMatcher.compare(a.edges[0], b.edges[0]);
  const otherEdges = edgeMatcher.compare(a.edges[1], b.edges[1]);
  return [...sums(local, otherLocal), ...sums(edges, otherEdges)];
}

/** How alike two fingers are, in the unit of {@link fuse}: ten points a decade of false match rate. */
export function compare(a: PreparedFinger, b: PreparedFinger): number {
  return fuse(evidenceOf(a, b));
}

function sums(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, at) => value + b[at]!);
}
