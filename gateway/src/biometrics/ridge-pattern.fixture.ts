import type { GreyImage } from './image/grey-image.js';

/** A line that ends or splits where the phase of the ridges turns once round a point. */
export interface PlantedMinutia {
  x: number;
  y: number;
  turn: 1 | -1;
}

export interface RidgePattern {
  width: number;
  height: number;
  minutiae: readonly PlantedMinutia[];
  /** How much the ridges bend: from flat arches to steep ones. */
  bend: number;
  /** Radians by which the ridges lean. */
  lean: number;
}

export interface Impression {
  /** Degrees counter-clockwise about the middle, and px. */
  rotation?: number;
  dx?: number;
  dy?: number;
  noise?: number;
  contrast?: number;
  seed?: number;
  areRidgesBright?: boolean;
  dpi?: number;
}

const PERIOD_PX = 9;

/** Small numbers in 0..1 that are always the same (Lehmer, 1951). */
export function seeded(seed: number): () => number {
  // Seeds that are neighbors start alike; mixed first, they do not.
  let state = ((seed * 16807 * 40_692) % 2147483646) + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** A pattern with so many minutiae, none nearer than 26 px to another or 34 px to the rim. */
export function randomPattern(seed: number, count = 18): RidgePattern {
  const random = seeded(seed);
  const bend = 0.0005 + 0.003 * random();
  const lean = 3 * (random() - 0.5);
  const pattern = { width: 220, height: 260, bend, lean, minutiae: [] as PlantedMinutia[] };
  for (let tries = 0; tries < 5000 && pattern.minutiae.length < count; tries += 1) {
    const candidate = {
      x: 220 * random(),
      y: 260 * random(),
      turn: random() < 0.5 ? (1 as const) : (-1 as const),
    };
    const isFar = pattern.minutiae.every(({ x, y }) => Math.hypot(x - candidate.x, y - candidate.y) > 26);
    if (isFar && rim(candidate.x, candidate.y, pattern) < 0.62) pattern.minutiae.push(candidate);
  }
  return pattern;
}

/** 1 at the edge of the finger, less inside. */
function rim(x: number, y: number, { width, height }: { width: number; height: number }): number {
  return ((x - width / 2) / (0.46 * width)) ** 2 + ((y - height / 2) / (0.47 * height)) ** 2;
}

/**
 * Ridges as an amplitude and phase model: waves bent into arches, with a whirl of the phase at every planted minutia
 * (Larkin and Fletcher, 2007). Nobody's finger, and every minutia is known.
 */
export function press(pattern: RidgePattern, impression: Impression = {}): GreyImage {
  const {
    rotation = 0,
    dx = 0,
    dy = 0,
    noise = 8,
    contrast = 100,
    seed = 1,
    areRidgesBright = false,
  } = impression;
  const scale = (impression.dpi ?? 500) / 500;
  const width = Math.round(pattern.width * scale);
  const height = Math.round(pattern.height * scale);
  const random = seeded(seed);
  const cos = Math.cos((rotation * Math.PI) / 180);
  const sin = Math.sin((rotation * Math.PI) / 180);
  const pixels = new Uint8Array(width * height);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const px = (column + 0.5) / scale - pattern.width / 2 - dx;
      const py = (row + 0.5) / scale - pattern.height / 2 - dy;
      const x = pattern.width / 2 + cos * px - sin * py;
      const y = pattern.height / 2 + sin * px + cos * py;
      const wave = rim(x, y, pattern) < 1 ? Math.cos(phaseAt(pattern, x, y)) : -1;
      const value = 128 - (contrast * wave) / 1.2 + noise * (random() + random() + random() - 1.5);
      pixels[row * width + column] = Math.min(
        255,
        Math.max(0, Math.round(areRidgesBright ? 255 - value : value)),
      );
    }
  }
  return { width, height, dpi: impression.dpi ?? 500, pixels };
}

function phaseAt({ width, height, bend, lean, minutiae }: RidgePattern, x: number, y: number): number {
  const across = Math.cos(lean) * (x - width / 2) + Math.sin(lean) * (y - height / 2);
  const up = Math.cos(lean) * (y - height / 2) - Math.sin(lean) * (x - width / 2);
  let phase = (2 * Math.PI * (up + bend * across ** 2)) / PERIOD_PX;
  for (const minutia of minutiae) phase += minutia.turn * Math.atan2(y - minutia.y, x - minutia.x);
  return phase;
}
