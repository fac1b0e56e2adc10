import { Random } from '../random.js';
import { drawClass, type FingerClass, type RidgeFlow, ridgeFlow } from './orientation-field.js';
import { GROWTH_PX_PER_MM, type GrowthPlan, growRidges } from './ridge-growth.js';
import { followSpreading } from './ridge-spacing.js';
import { smoothNoise } from './smooth-noise.js';

/** Half the size of the finger pad that is grown, in millimeters: more than any sensor sees at once. */
const HALF_WIDTH_MM = 11;
const HALF_HEIGHT_MM = 14;
/** Mean distance of ridges in millimeters, and how far people differ (9 px at 500 dpi, fingerprint report §7.0). */
const PERIOD_MM = 0.475;
const PERIOD_SPREAD_MM = 0.035;
/** Share by which the distance is uneven in the large and in the small, and the cells of that noise across the pad. */
const UNEVEN = 0.1;
const UNEVEN_CELLS = 3;
const FINE_UNEVEN = 0.1;
const FINE_UNEVEN_CELLS = 14;
const CREASES_MAX = 3;

/** A line without ridges that a finger has for good. */
export interface Crease {
  x: number;
  y: number;
  angle: number;
  halfLengthMm: number;
  halfWidthMm: number;
}

/** A finger that no living person owns: the same seed and number give the same ridges on every machine. */
export interface Finger {
  kind: FingerClass;
  /** Height of the skin, from -1 (valley) to 1 (ridge), at a point in millimeters from the middle, y upward. */
  heightAt(x: number, y: number): number;
  creases: readonly Crease[];
}

export function growFinger(seed: number, number: number): Finger {
  const random = Random.of(seed, `finger ${number}`);
  const kind = drawClass(random);
  const flow = ridgeFlow(kind, random);
  const plan = planGrowth(flow, random);
  const { width, height } = plan;
  const ridges = growRidges(plan, random);
  return {
    kind,
    heightAt: (x, y) =>
      sample(ridges, {
        width,
        height,
        x: (x + HALF_WIDTH_MM) * GROWTH_PX_PER_MM,
        y: (HALF_HEIGHT_MM - y) * GROWTH_PX_PER_MM,
      }),
    creases: drawCreases(random),
  };
}

/** Direction and period everywhere. Ridges give way to each other's spreading; what is uneven beyond that makes minutiae. */
function planGrowth({ broad, whole }: RidgeFlow, random: Random): GrowthPlan {
  const periodMm = PERIOD_MM + PERIOD_SPREAD_MM * (random.next() + random.next() + random.next() - 1.5);
  const uneven = smoothNoise(random, UNEVEN_CELLS);
  const fineUneven = smoothNoise(random, FINE_UNEVEN_CELLS);
  const wider = followSpreading(broad, { halfWidthMm: HALF_WIDTH_MM, halfHeightMm: HALF_HEIGHT_MM });
  const width = Math.round(2 * HALF_WIDTH_MM * GROWTH_PX_PER_MM);
  const height = Math.round(2 * HALF_HEIGHT_MM * GROWTH_PX_PER_MM);
  const direction = new Float32Array(width * height);
  const period = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const x = column / GROWTH_PX_PER_MM - HALF_WIDTH_MM;
      const y = HALF_HEIGHT_MM - row / GROWTH_PX_PER_MM;
      const [u, v] = [column / width, row / height];
      direction[row * width + column] = -whole({ x, y });
      const stretch = wider(x, y) + UNEVEN * uneven(u, v) + FINE_UNEVEN * fineUneven(u, v);
      period[row * width + column] = periodMm * Math.exp(stretch) * GROWTH_PX_PER_MM;
    }
  }
  return { width, height, direction, period };
}

function drawCreases(random: Random): Crease[] {
  const count = Math.max(0, random.int(-2, CREASES_MAX));
  return Array.from({ length: count }, () => ({
    x: (random.next() * 2 - 1) * 6,
    y: (random.next() * 2 - 1) * 8,
    angle: (random.next() - 0.5) * 1.6,
    halfLengthMm: 1 + random.next() * 4,
    halfWidthMm: 0.06 + random.next() * 0.08,
  }));
}

interface Place {
  width: number;
  height: number;
  x: number;
  y: number;
}

/** Catmull-Rom through the four nearest rows and columns: ridges stay round when they are enlarged. */
function sample(ridges: Float32Array, { width, height, x, y }: Place): number {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  if (column < 1 || row < 1 || column >= width - 2 || row >= height - 2) return 0;
  const across = weights(x - column);
  const down = weights(y - row);
  let sum = 0;
  for (let dy = 0; dy < 4; dy++) {
    const from = (row + dy - 1) * width + column - 1;
    let line = 0;
    for (let dx = 0; dx < 4; dx++) line += (across[dx] ?? 0) * (ridges[from + dx] ?? 0);
    sum += (down[dy] ?? 0) * line;
  }
  return sum;
}

function weights(share: number): readonly [number, number, number, number] {
  const [two, three] = [share * share, share * share * share];
  return [
    -0.5 * three + two - 0.5 * share,
    1.5 * three - 2.5 * two + 1,
    -1.5 * three + 2 * two + 0.5 * share,
    0.5 * three - 0.5 * two,
  ];
}
