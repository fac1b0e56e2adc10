export interface Point {
  x: number;
  y: number;
}

/** The convex hull of points, counter-clockwise in a frame with y up (Andrew's chain). */
export function convexHull(points: readonly Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a.x - b.x || a.y - b.y);
  if (sorted.length < 3) return sorted;
  const lower = chain(sorted);
  const upper = chain(sorted.reverse());
  return [...lower.slice(0, -1), ...upper.slice(0, -1)];
}

function chain(points: readonly Point[]): Point[] {
  const kept: Point[] = [];
  for (const point of points) {
    while (kept.length >= 2 && cross(kept.at(-2)!, kept.at(-1)!, point) <= 0) kept.pop();
    kept.push(point);
  }
  return kept;
}

function cross(origin: Point, a: Point, b: Point): number {
  return (a.x - origin.x) * (b.y - origin.y) - (a.y - origin.y) * (b.x - origin.x);
}

/** The edges of a hull, flat: x, y of the start, x, y of the way, 1 / squared length (0 for none). */
export type HullEdges = Float64Array;

const EDGE_NUMBERS = 5;

export function hullEdges(hull: readonly Point[]): HullEdges {
  if (hull.length < 3) return new Float64Array(0);
  return Float64Array.from(
    hull.flatMap((a, at) => {
      const b = hull[(at + 1) % hull.length]!;
      const squared = (b.x - a.x) ** 2 + (b.y - a.y) ** 2;
      return [a.x, a.y, b.x - a.x, b.y - a.y, squared > 0 ? 1 / squared : 0];
    }),
  );
}

/** Whether a place lies in the hull or at most `reach` beside it; everything does where there is no hull. */
export function isNearHull(edges: HullEdges, x: number, y: number, reach: number): boolean {
  let isInside = true;
  for (let at = 0; at < edges.length; at += EDGE_NUMBERS) {
    const px = x - edges[at]!;
    const py = y - edges[at + 1]!;
    const ex = edges[at + 2]!;
    const ey = edges[at + 3]!;
    if (ex * py - ey * px < 0) isInside = false;
    const share = (px * ex + py * ey) * edges[at + 4]!;
    const along = share < 0 ? 0 : share > 1 ? 1 : share;
    const dx = px - along * ex;
    const dy = py - along * ey;
    if (dx * dx + dy * dy <= reach * reach) return true;
  }
  return isInside;
}
