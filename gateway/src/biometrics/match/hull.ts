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

/** Whether a place lies in the hull or at most `reach` beside it. */
export function isNearHull(hull: readonly Point[], x: number, y: number, reach: number): boolean {
  if (hull.length < 3) return true;
  let isInside = true;
  let nearest = Number.POSITIVE_INFINITY;
  for (let at = 0; at < hull.length; at += 1) {
    const a = hull[at]!;
    const b = hull[(at + 1) % hull.length]!;
    const ex = b.x - a.x;
    const ey = b.y - a.y;
    if (ex * (y - a.y) - ey * (x - a.x) < 0) isInside = false;
    const length = ex * ex + ey * ey;
    const along = length > 0 ? Math.min(1, Math.max(0, ((x - a.x) * ex + (y - a.y) * ey) / length)) : 0;
    const dx = x - a.x - along * ex;
    const dy = y - a.y - along * ey;
    nearest = Math.min(nearest, dx * dx + dy * dy);
  }
  return isInside || nearest <= reach * reach;
}
