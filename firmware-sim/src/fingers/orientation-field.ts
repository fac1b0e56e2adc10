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

/** Where the ridges of a finger run. */
export interface RidgeFlow {
  /** In the large: the class with this finger's places, and how nature leaves the model over centimeters. */
  broad: OrientationField;
  /** The same with everything that is less than a few ridges wide. */
  whole: OrientationField;
}

/** Radians by which nature leaves the model in the large, and from ridge to ridge, where minutiae come of it. */
const WOBBLE = 0.2;
const FINE_WOBBLE = 0.2;
/** Half the extent over which it does so, in millimeters, and the cells of the noise across the whole of it. */
const EXTENT_MM = 15;
const WOBBLE_CELLS = 4;
const FINE_CELLS = 16;
/** How far the ridges that come out of a core run beside each other instead of spreading: 0 not at all, 1 wholly. */
const BESIDE_MIN = 0.6;
const BESIDE_MAX = 1.05;
/** The same for the three ways out of a delta. */
const DELTA_BESIDE = 0.8;

export function drawClass(random: Random): FingerClass {
  let left = random.next() * 100;
  for (const name of FINGER_CLASSES) {
    left -= CLASS_PERCENT[name];
    if (left < 0) return name;
  }
  return 'whorl';
}

/** The model of the class, and smooth noise over it on two scales. Arches have no singularities and rise in the middle. */
export function ridgeFlow(kind: FingerClass, random: Random): RidgeFlow {
  const wobble = smoothNoise(random, WOBBLE_CELLS);
  const fineWobble = smoothNoise(random, FINE_CELLS);
  const model = kind === 'arch' ? archModel(random) : zeroPoleModel(singularities(kind, random), random);
  const share = (mm: number): number => (mm + EXTENT_MM) / (2 * EXTENT_MM);
  const broad: OrientationField = (point) => model(point) + WOBBLE * wobble(share(point.x), share(point.y));
  return {
    broad,
    whole: (point) => broad(point) + FINE_WOBBLE * fineWobble(share(point.x), share(point.y)),
  };
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
      return { cores: [core], deltas: [about(6, -6, 1.8)] };
    case 'right_loop':
      return { cores: [core], deltas: [about(-6, -6, 1.8)] };
    case 'whorl': {
      const lower = { x: core.x + (random.next() * 2 - 1) * 1.2, y: core.y - 0.7 - random.next() * 3.5 };
      return { cores: [core, lower], deltas: [about(-6.5, -6.5, 1.8), about(6.5, -6.5, 1.8)] };
    }
  }
}

/**
 * The zero-pole model of Sherlock and Monro: each core turns the ridges by half the angle round it, each delta by as
 * much the other way. As it stands ridges fan out from a core, and new ones have to begin between them, in every finger
 * at the same places; so the angle is bent (as Vizcaya and Gerhardt found necessary): where ridges run outward from a
 * singularity they turn little, and more between.
 */
function zeroPoleModel({ cores, deltas }: Singularities, random: Random): OrientationField {
  const beside = BESIDE_MIN + random.next() * (BESIDE_MAX - BESIDE_MIN);
  /** What all the others turn the ridges by at the place of one. */
  const turnOfOthers = (place: Point): number =>
    cores.reduce((sum, core) => (core === place ? sum : sum + angleAt(core, place)), 0) -
    deltas.reduce((sum, delta) => (delta === place ? sum : sum + angleAt(delta, place)), 0);
  const bentCores = cores.map((core) => ({ core, outward: turnOfOthers(core) }));
  const bentDeltas = deltas.map((delta) => ({ delta, outward: turnOfOthers(delta) / 3 }));
  return (point) => {
    let angle = 0;
    for (const { core, outward } of bentCores) {
      const round = angleAt(core, point);
      angle += round - beside * Math.sin(round - outward);
    }
    for (const { delta, outward } of bentDeltas) {
      const round = angleAt(delta, point);
      angle -= round - (DELTA_BESIDE / 3) * Math.sin(3 * (round - outward));
    }
    return angle / 2;
  };
}

const angleAt = (from: Point, to: Point): number => Math.atan2(to.y - from.y, to.x - from.x);

function archModel(random: Random): OrientationField {
  const height = 0.7 + random.next() * 0.9;
  const middle = (random.next() * 2 - 1) * 1.5;
  return ({ x, y }) => {
    // Flat at the crease of the joint, steepest in the lower half, and bent like the finger tip above.
    const steep = height * Math.exp(-(((y + 2.5) / 4) ** 2)) + 0.25;
    return -Math.atan(steep * Math.sin((Math.PI * (x - middle)) / (2 * 9)));
  };
}
