export type Place = 'none' | 'inside' | 'far' | 'stale' | 'inaccurate' | 'mock';

export interface Position {
  latitude: number;
  longitude: number;
  accuracyMeters: number;
  atMs: number;
  isMocked: boolean;
}

export interface Fence {
  /** Of the room. */
  center: { latitude: number; longitude: number } | null;
  radiusMeters: number;
  /** Of the building, as [longitude, latitude] corners; preferred to the circle (domain case 107). */
  outline: readonly (readonly [number, number])[] | null;
}

/** Clocks of phones differ by seconds. Further ahead, a location would stay fresh for as long as somebody likes. */
export const LOCATION_AHEAD_MAX_MS = 10_000;

export interface PlaceLimits {
  maxAgeSeconds: number;
  maxAccuracyMeters: number;
}

/** IUGG mean radius of the Earth. */
const EARTH_METERS = 6_371_008.8;

/**
 * Where a phone was, in a word: nothing more precise is kept (domain F3). What is too old, dated ahead or too rough
 * says nothing (case 106); a faked position is said to be one.
 */
export function placeOf(
  position: Position | undefined,
  fence: Fence,
  { maxAgeSeconds, maxAccuracyMeters }: PlaceLimits,
  nowMs: number,
): Place {
  if (position === undefined) return 'none';
  if (position.isMocked) return 'mock';
  const ageMs = nowMs - position.atMs;
  if (ageMs > maxAgeSeconds * 1_000 || ageMs < -LOCATION_AHEAD_MAX_MS) return 'stale';
  if (position.accuracyMeters > maxAccuracyMeters) return 'inaccurate';
  if (fence.outline !== null) return isInside(position, fence.outline) ? 'inside' : 'far';
  if (fence.center === null) return 'none';
  return distanceMeters(position, fence.center) <= fence.radiusMeters ? 'inside' : 'far';
}

interface Point {
  latitude: number;
  longitude: number;
}

/** Great-circle distance by the haversine formula. */
export function distanceMeters(a: Point, b: Point): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180;
  const dLat = radians(b.latitude - a.latitude);
  const dLng = radians(b.longitude - a.longitude);
  const chord =
    Math.sin(dLat / 2) ** 2 +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.sin(dLng / 2) ** 2;
  return 2 * EARTH_METERS * Math.asin(Math.min(1, Math.sqrt(chord)));
}

/** Counts the edges that a ray to the east crosses; a building is small enough to be flat. */
function isInside({ latitude, longitude }: Point, outline: Fence['outline'] & object): boolean {
  let inside = false;
  for (const [index, [x1, y1]] of outline.entries()) {
    const [x2, y2] = outline[(index + 1) % outline.length] ?? [x1, y1];
    const crosses = y1 > latitude !== y2 > latitude;
    if (crosses && longitude < ((x2 - x1) * (latitude - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}
