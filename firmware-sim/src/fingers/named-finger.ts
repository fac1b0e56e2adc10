import { createHash } from 'node:crypto';
import { type Finger, growFinger } from './finger.js';
import { type FingerImage, impressionOf, type SensorSize } from './impression.js';

/** Fingers that are kept once grown, 240 kB each: growing one takes a second. */
const FINGERS_KEPT_MAX = 64;

const grown = new Map<string, Finger>();

/** What a sensor sees of the finger with this name; the same name is the same finger on every sensor. */
export function namedImpression(name: string, impression: number, sensor: SensorSize): FingerImage {
  return impressionOf(namedFinger(name), { seed: seedOf(name), number: 1, impression }, sensor);
}

function namedFinger(name: string): Finger {
  const finger = grown.get(name) ?? growFinger(seedOf(name), 1);
  // Those that were shown last stay.
  grown.delete(name);
  grown.set(name, finger);
  for (const oldest of grown.keys()) {
    if (grown.size <= FINGERS_KEPT_MAX) break;
    grown.delete(oldest);
  }
  return finger;
}

function seedOf(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE();
}
