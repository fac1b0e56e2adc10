import type { Random } from '../random.js';

/** Pixels per millimeter while ridges grow: half of 500 dpi, where a ridge and its valley still have four pixels. */
export const GROWTH_PX_PER_MM = 250 / 25.4;
const DIRECTIONS = 48;
const PERIODS = 6;
const RADIUS = 7;
const SIDE = 2 * RADIUS + 1;
/** Rounds until ridges are whole; in many more, endings that face each other would close up. */
const ROUNDS = 8;
/** How hard a pixel decides between ridge and valley in each round. */
const GAIN = 3;

export interface GrowthPlan {
  width: number;
  height: number;
  /** Direction of the ridges at each pixel, in radians, y downward. */
  direction: Float32Array;
  /** Distance from ridge to ridge at each pixel, in pixels of growth. */
  period: Float32Array;
}

/**
 * Lets ridges grow out of noise: each round a pixel becomes what its neighborhood, seen through a filter in the
 * direction and with the period of the place, asks for (the method of Cappelli's SFinGe). Where growing ridges meet
 * out of step, endings and bifurcations are left: the minutiae.
 *
 * @returns one number a pixel, from -1 (valley) to 1 (ridge)
 */
export function growRidges({ width, height, direction, period }: GrowthPlan, random: Random): Float32Array {
  const periods = spread(period);
  const filters = makeFilters(periods);
  const choice = chooseFilters({ direction, period, periods });
  // Room for the filter on every side, so that no pixel needs to look whether it is inside.
  const stride = width + 2 * RADIUS;
  let now = new Float32Array(stride * (height + 2 * RADIUS));
  let next = new Float32Array(now.length);
  for (let at = 0; at < now.length; at++) now[at] = random.next() * 0.2 - 0.1;
  for (let round = 0; round < ROUNDS; round++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const filter = filters[choice[y * width + x] ?? 0] ?? new Float32Array();
        let sum = 0;
        let tap = 0;
        let from = y * stride + x;
        for (let row = 0; row < SIDE; row++, from += stride) {
          for (let column = 0; column < SIDE; column++)
            sum += (filter[tap++] ?? 0) * (now[from + column] ?? 0);
        }
        next[(y + RADIUS) * stride + x + RADIUS] = Math.tanh(GAIN * sum);
      }
    }
    [now, next] = [next, now];
  }
  const ridges = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    ridges.set(
      now.subarray((y + RADIUS) * stride + RADIUS, (y + RADIUS) * stride + RADIUS + width),
      y * width,
    );
  }
  return ridges;
}

/** Evenly from the smallest to the largest period. */
function spread(period: Float32Array): number[] {
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (const value of period) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return Array.from({ length: PERIODS }, (_, index) => low + ((high - low) * index) / (PERIODS - 1));
}

/** A Gabor filter for each direction and period, without a mean and with a response of 1 to its own wave. */
function makeFilters(periods: readonly number[]): Float32Array[] {
  const filters: Float32Array[] = [];
  for (const period of periods) {
    for (let index = 0; index < DIRECTIONS; index++) {
      filters.push(makeFilter((Math.PI * index) / DIRECTIONS, period));
    }
  }
  return filters;
}

function makeFilter(angle: number, period: number): Float32Array {
  const filter = new Float32Array(SIDE * SIDE);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const sigma = 0.62 * period;
  let [sum, weight] = [0, 0];
  const envelope = new Float32Array(filter.length);
  for (let y = -RADIUS; y <= RADIUS; y++) {
    for (let x = -RADIUS; x <= RADIUS; x++) {
      const at = (y + RADIUS) * SIDE + x + RADIUS;
      const across = y * cos - x * sin;
      envelope[at] = Math.exp(-(x * x + y * y) / (2 * sigma * sigma));
      filter[at] = (envelope[at] ?? 0) * Math.cos((2 * Math.PI * across) / period);
      sum += filter[at] ?? 0;
      weight += envelope[at] ?? 0;
    }
  }
  let own = 0;
  for (let y = -RADIUS, at = 0; y <= RADIUS; y++) {
    for (let x = -RADIUS; x <= RADIUS; x++, at++) {
      filter[at] = (filter[at] ?? 0) - ((envelope[at] ?? 0) * sum) / weight;
      own += (filter[at] ?? 0) * Math.cos((2 * Math.PI * (y * cos - x * sin)) / period);
    }
  }
  return filter.map((value) => value / own);
}

function chooseFilters({
  direction,
  period,
  periods,
}: Pick<GrowthPlan, 'direction' | 'period'> & { periods: readonly number[] }): Uint16Array {
  const [low = 1, high = 1] = [periods[0], periods.at(-1)];
  const step = (high - low) / (PERIODS - 1) || 1;
  return Uint16Array.from(direction, (angle, at) => {
    const turn = Math.round((angle / Math.PI) * DIRECTIONS) % DIRECTIONS;
    const size = Math.round(((period[at] ?? low) - low) / step);
    return size * DIRECTIONS + (turn < 0 ? turn + DIRECTIONS : turn);
  });
}
