import { describe, expect, it } from 'vitest';
import { distanceMeters, type Position, placeOf } from './place.js';

const NOW = 1_783_000_000_000;
const room = { latitude: 17.385, longitude: 78.4867 };
const fence = { center: room, radiusMeters: 75, outline: null };
const limits = { maxAgeSeconds: 60, maxAccuracyMeters: 100 };
const north = (meters: number): Position => ({
  latitude: room.latitude + meters / 111_195,
  longitude: room.longitude,
  accuracyMeters: 20,
  atMs: NOW,
  isMocked: false,
});

describe('where a phone was', () => {
  it.each([
    ['in the room', north(0), 'inside'],
    ['75 m away', north(74.9), 'inside'],
    ['76 m away', north(76), 'far'],
    ['60 s ago', { ...north(0), atMs: NOW - 60_000 }, 'inside'],
    ['more than 60 s ago', { ...north(0), atMs: NOW - 60_001 }, 'stale'],
    ['by a phone whose clock is 10 s ahead', { ...north(0), atMs: NOW + 10_000 }, 'inside'],
    ['dated ahead', { ...north(0), atMs: NOW + 10_001 }, 'stale'],
    ['dated tomorrow', { ...north(0), atMs: NOW + 86_400_000 }, 'stale'],
    ['known to 100 m', { ...north(0), accuracyMeters: 100 }, 'inside'],
    ['known to 101 m', { ...north(0), accuracyMeters: 101 }, 'inaccurate'],
    ['made up', { ...north(0), isMocked: true }, 'mock'],
    ['unknown', undefined, 'none'],
  ] as const)('cases 106, 107: %s', (_what, position, expected) => {
    expect(placeOf(position, fence, limits, NOW)).toBe(expected);
  });

  it('case 107: the outline of the building is preferred to the circle', () => {
    const { latitude: y, longitude: x } = room;
    const outline = [
      [x - 0.01, y - 0.01],
      [x + 0.01, y - 0.01],
      [x + 0.01, y + 0.01],
      [x - 0.01, y + 0.01],
    ] as const;
    expect(placeOf(north(500), { ...fence, outline }, limits, NOW)).toBe('inside');
    expect(placeOf(north(1_200), { ...fence, outline }, limits, NOW)).toBe('far');
  });

  it('says nothing where the room has no place', () => {
    expect(placeOf(north(0), { ...fence, center: null }, limits, NOW)).toBe('none');
  });

  it('measures as the textbooks do: one degree of latitude is 111.2 km', () => {
    expect(distanceMeters({ latitude: 0, longitude: 0 }, { latitude: 1, longitude: 0 })).toBeCloseTo(
      111_195,
      -1,
    );
  });
});
