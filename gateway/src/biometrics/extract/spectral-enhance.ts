import { mirrorMargin, newPlane, type Plane } from '../field/plane.js';
import { BLOCK_PX, BlockFourier } from './fourier.js';

/** Distance of neighboring blocks, px: half a block, so that the windows add up to one. */
const STEP_PX = BLOCK_PX / 2;
/** The magnitude is raised by this power on top of itself: strong waves are ridges, weak ones noise. */
const POWER = 0.7;
/** Ridge periods at 333 dpi that pass, px. */
const PERIOD_MIN_PX = 3.2;
const PERIOD_MAX_PX = 11;

/**
 * Root filtering (fingerprint §7.3): every block's spectrum is weighed by a power of its own magnitude, so that the
 * ridges of the block filter themselves, without an estimate of orientation or period that could be wrong.
 */
export function enhanceSpectrally(plane: Plane): Plane {
  const out = newPlane(plane.width, plane.height);
  const fourier = new BlockFourier();
  const window = Float32Array.from({ length: BLOCK_PX }, (_, at) =>
    Math.sin((Math.PI * (at + 0.5)) / BLOCK_PX),
  );
  const pass = bandPass();
  const re = new Float32Array(BLOCK_PX * BLOCK_PX);
  const im = new Float32Array(BLOCK_PX * BLOCK_PX);
  for (let y = -STEP_PX; y < plane.height; y += STEP_PX) {
    for (let x = -STEP_PX; x < plane.width; x += STEP_PX) {
      im.fill(0);
      load(plane, { x, y }, window, re);
      fourier.transform(re, im, false);
      weigh(re, im, pass);
      fourier.transform(re, im, true);
      add(out, { x, y }, window, re);
    }
  }
  mirrorMargin(out);
  return out;
}

interface Place {
  x: number;
  y: number;
}

function load(plane: Plane, { x, y }: Place, window: Float32Array, block: Float32Array): void {
  const { data, stride, origin } = plane;
  for (let row = 0; row < BLOCK_PX; row += 1) {
    const inY = Math.min(Math.max(y + row, -STEP_PX), plane.height + STEP_PX - 1);
    for (let column = 0; column < BLOCK_PX; column += 1) {
      const inX = Math.min(Math.max(x + column, -STEP_PX), plane.width + STEP_PX - 1);
      block[row * BLOCK_PX + column] = data[origin + inY * stride + inX]! * window[row]! * window[column]!;
    }
  }
}

function weigh(re: Float32Array, im: Float32Array, pass: Float32Array): void {
  let total = 1e-9;
  for (let at = 0; at < re.length; at += 1) total += (re[at]! * re[at]! + im[at]! * im[at]!) * pass[at]!;
  // Blocks of different contrast must join without a seam.
  const scale = 1 / (total / re.length) ** ((1 + POWER) / 2);
  for (let at = 0; at < re.length; at += 1) {
    if (pass[at] === 0) {
      re[at] = 0;
      im[at] = 0;
      continue;
    }
    const energy = re[at]! * re[at]! + im[at]! * im[at]!;
    const gain = scale * pass[at]! * energy ** (POWER / 2);
    re[at]! *= gain;
    im[at]! *= gain;
  }
}

function add(out: Plane, { x, y }: Place, window: Float32Array, block: Float32Array): void {
  for (let row = Math.max(0, -y); row < BLOCK_PX && y + row < out.height; row += 1) {
    for (let column = Math.max(0, -x); column < BLOCK_PX && x + column < out.width; column += 1) {
      out.data[out.origin + (y + row) * out.stride + x + column]! +=
        block[row * BLOCK_PX + column]! * window[row]! * window[column]!;
    }
  }
}

/** Weight per coefficient: 1 in the band of ridge periods, falling to 0 around it. */
function bandPass(): Float32Array {
  const weights = new Float32Array(BLOCK_PX * BLOCK_PX);
  const low = BLOCK_PX / PERIOD_MAX_PX;
  const high = BLOCK_PX / PERIOD_MIN_PX;
  for (let v = 0; v < BLOCK_PX; v += 1) {
    for (let u = 0; u < BLOCK_PX; u += 1) {
      const radius = Math.hypot(u < BLOCK_PX / 2 ? u : u - BLOCK_PX, v < BLOCK_PX / 2 ? v : v - BLOCK_PX);
      const outside = Math.max(0, low - radius, radius - high);
      weights[v * BLOCK_PX + u] = outside >= 1.5 ? 0 : Math.exp(-2 * outside * outside);
    }
  }
  return weights;
}
