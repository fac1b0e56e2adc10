import type { Random } from '../random.js';
import { smoothNoise } from './smooth-noise.js';

export const FINGER_CLASSES = ['arch', 'tented_arch', 'left_loop', 'right_loop', 'whorl'] as const;
/** Henry's classes, as their frequencies are counted. */
export type FingerClass = (typeof FINGER_CLASSES)[number];

/** Of a hundred fingers, how many are of each class (natural distribution of the Henry classes). */
const CLASS_PERCENT: Readonly<Record<FingerClass, number>> = {
  arch: 4,
  tented_arch: 3,
  left_loop: 34,
  right_loop: 31,
  whorl: 28,
};

/** A point in millimeters from the middle of the finger pad, y upward. */
interface Point {
  x: number;
  y: number;
}

/** Direction of the ridges at a point, in radians, counterclockwise from the x axis; its sign has no meaning. */
export type OrientationField = (point: Point) => number;

/** Radians by which nature leaves the model. */
const WOBBLE = 0.14;
/** Half the extent over which it does so, in millimeters. */
const EXTENT_MM = 15;

export function drawClass(random: Random): FingerClass {
  let left = random.next() * 100;
  for (const name of FINGER_CLASSES) {
    left -= CLASS_PERCENT[name];
    if (left < 0) return name;
  }
  return 'whorl';
}

/**
 * The zero-pole model of Sherlock and Monro: each core turns the ridges by half the angle round it, each delta
 * by as much the other way. Arches have neither and rise in the middle.
 */
export function orientationField(kind: FingerClass, random: Random): OrientationField {
  const wobble = smoothNoise(random, 4);
  const model = kind === 'arch' ? archModel(random) : zeroPoleModel(singularities(kind, random));
  return (point) =>
    model(point) +
    WOBBLE * wobble((point.x + EXTENT_MM) / (2 * EXTENT_MM), (point.y + EXTENT_MM) / (2 * EXTENT_MM));
}

interface Singularities {
  cores: readonly Point[];
  deltas: readonly Point[];
}

function singularities(kind: Exclude<FingerClass, 'arch'>, random: Random): Singularities {
  const about = (x: number, y: number, spread = 0.8): Point => ({
    x: x + (random.next() * 2 - 1) * spread,
    y: y + (random.next() * 2 - 1) * spread,
  });
  const core = about(0, 1.5);
  switch (kind) {
    case 'tented_arch':
      return {
        cores: [core],
        deltas: [{ x: core.x + (random.next() - 0.5) * 0.4, y: core.y - 4 - random.next() * 2 }],
      };
    case 'left_loop':
      return { cores: [core], deltas: [about(5.5, -5.5, 1.2)] };
    case 'right_loop':
      return { cores: [core], deltas: [about(-5.5, -5.5, 1.2)] };
    case 'whorl': {
      const lower = { x: core.x + (random.next() * 2 - 1) * 1.2, y: core.y - 1 - random.next() * 3 };
      return { cores: [core, lower], deltas: [about(-6, -6, 1.2), about(6, -6, 1.2)] };
    }
  }
}

function zeroPoleModel({ cores, deltas }: Singularities): OrientationField {
  return ({ x, y }) => {
    let angle = 0;
    for (const core of cores) angle += Math.atan2(y - core.y, x - core.x);
    for (const delta of deltas) angle -= Math.atan2(y - delta.y, x - delta.x);
    return angle / 2;
  };
}

function archModel(random: Random): OrientationField {
  const height = 0.9 + random.next() * 0.7;
  const middle = (random.next() * 2 - 1) * 1.5;
  return ({ x, y }) => {
    // Flat at the crease of the joint, steepest in the lower half, and bent like the finger tip above.
    const steep = height * Math.exp(-(((y + 2.5) / 4) ** 2)) + 0.25;
    return -Math.atan(steep * Math.sin((Math.PI * (x - middle)) / (2 * 9)));
  };
}
