import { ANGLE_STEPS, type Minutia, toAngleSteps } from '../extract/minutiae.js';

/** Neighbors kept per minutia: the nearest (fingerprint §8.2: 9). */
export const STAR_EDGES = 9;
/** Longest edge, px: beyond it skin stretches too much to be compared. */
export const EDGE_MAX_PX = 150;
/** Tolerance of lengths: longer edges may stretch more (fingerprint §8.2: 13 px for all). */
const TOLERANCE_PX = 9;
const TOLERANCE_SHARE = 0.06;

/** A set of minutiae with the edges to their nearest neighbors, shortest first; flat, STAR_EDGES per minutia. */
export interface Stars {
  count: number;
  x: Float32Array;
  y: Float32Array;
  angle: Uint8Array;
  type: Uint8Array;
  /** Number of edges per minutia. */
  edges: Uint8Array;
  neighbor: Uint8Array;
  /** px, and how much it may differ from that of the same edge in another impression. */
  length: Float32Array;
  tolerance: Float32Array;
  /** Angle steps from the edge to the direction of the minutia, and at the other end to that of the neighbor. */
  here: Uint8Array;
  there: Uint8Array;
}

export function buildStars(minutiae: readonly Minutia[]): Stars {
  const count = minutiae.length;
  const stars: Stars = {
    count,
    x: Float32Array.from(minutiae, (minutia) => minutia.x),
    y: Float32Array.from(minutiae, (minutia) => minutia.y),
    angle: Uint8Array.from(minutiae, (minutia) => minutia.angle),
    type: Uint8Array.from(minutiae, (minutia) => minutia.type),
    edges: new Uint8Array(count),
    neighbor: new Uint8Array(count * STAR_EDGES),
    length: new Float32Array(count * STAR_EDGES),
    tolerance: new Float32Array(count * STAR_EDGES),
    here: new Uint8Array(count * STAR_EDGES),
    there: new Uint8Array(count * STAR_EDGES),
  };
  for (let at = 0; at < count; at += 1) addStar(stars, minutiae, at);
  return stars;
}

function addStar(stars: Stars, minutiae: readonly Minutia[], at: number): void {
  const center = minutiae[at]!;
  const first = at * STAR_EDGES;
  let count = 0;
  for (let index = 0; index < minutiae.length; index += 1) {
    const dx = minutiae[index]!.x - center.x;
    const dy = minutiae[index]!.y - center.y;
    const length = Math.sqrt(dx * dx + dy * dy);
    if (index === at || length > EDGE_MAX_PX || length < 1) continue;
    if (count === STAR_EDGES && length >= stars.length[first + count - 1]!) continue;
    // Sorted by insertion; of equal lengths the earlier minutia stays first.
    let edge = first + Math.min(count, STAR_EDGES - 1);
    for (; edge > first && stars.length[edge - 1]! > length; edge -= 1) {
      stars.length[edge] = stars.length[edge - 1]!;
      stars.neighbor[edge] = stars.neighbor[edge - 1]!;
    }
    stars.length[edge] = length;
    stars.neighbor[edge] = index;
    count = Math.min(STAR_EDGES, count + 1);
  }
  stars.edges[at] = count;
  for (let edge = first; edge < first + count; edge += 1) {
    const other = minutiae[stars.neighbor[edge]!]!;
    const bearing = toAngleSteps(Math.atan2(center.y - other.y, other.x - center.x));
    stars.tolerance[edge] = TOLERANCE_PX + TOLERANCE_SHARE * stars.length[edge]!;
    stars.here[edge] = center.angle - bearing;
    stars.there[edge] = other.angle - bearing - ANGLE_STEPS / 2;
  }
}
