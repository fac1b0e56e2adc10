import { dilated } from '../field/enhance.js';
import type { Mask } from '../field/mask.js';
import { mirrorMargin, newPlane, type Plane } from '../field/plane.js';
import { BLOCK_PX, type Kernels, type SpectralTables } from '../kernels/kernels.js';

/** Distance of neighboring blocks, px: half a block, so that the windows add up to one. */
const STEP_PX = BLOCK_PX / 2;
/** Ridge periods at 333 dpi that pass, px. */
const PERIOD_MIN_PX = 3.2;
const PERIOD_MAX_PX = 11;
/** How far outside the finger the result is wanted, in mask cells: as far as the smoothed ridge flow looks. */
const AROUND_CELLS = 3;

const WINDOW = Float32Array.from(
  { length: BLOCK_PX * BLOCK_PX },
  (_, at) => windowAt(Math.floor(at / BLOCK_PX)) * windowAt(at % BLOCK_PX),
);
const PASS = bandPass();
const WAVE = Array.from({ length: BLOCK_PX / 2 }, (_, at) => (2 * Math.PI * at) / BLOCK_PX);

function windowAt(at: number): number {
  return Math.sin((Math.PI * (at + 0.5)) / BLOCK_PX);
}

/**
 * Root filtering (fingerprint §7.3): every block's spectrum is weighed by a power of its own magnitude, so that the
 * ridges of the block filter themselves, without an estimate of orientation or period that could be wrong.
 */
export function enhanceSpectrally(
  kernels: Kernels,
  plane: Plane,
  finger: { mask: Mask; cellPx: number },
): Plane {
  const out = newPlane(kernels, plane.width, plane.height);
  const found = blocksOf(plane, finger);
  const blocks = kernels.ints(found.length);
  blocks.set(found);
  kernels.enhanceBlocks(tablesIn(kernels), blocks, plane.stride, { from: plane.data, to: out.data });
  mirrorMargin(out);
  return out;
}

/** Places of the blocks that hold some of the finger or of what lies right beside it. */
function blocksOf(plane: Plane, { mask, cellPx }: { mask: Mask; cellPx: number }): number[] {
  const wanted = dilated(mask, AROUND_CELLS);
  const isWanted = (x: number, y: number): boolean => {
    const right = Math.min(mask.width - 1, Math.floor((x + BLOCK_PX - 1) / cellPx));
    const bottom = Math.min(mask.height - 1, Math.floor((y + BLOCK_PX - 1) / cellPx));
    for (let row = Math.floor(Math.max(0, y) / cellPx); row <= bottom; row += 1) {
      for (let column = Math.floor(Math.max(0, x) / cellPx); column <= right; column += 1) {
        if (wanted[row * mask.width + column] === 1) return true;
      }
    }
    return false;
  };
  const blocks: number[] = [];
  for (let y = -STEP_PX; y < plane.height; y += STEP_PX) {
    for (let x = -STEP_PX; x < plane.width; x += STEP_PX) {
      if (isWanted(x, y)) blocks.push(plane.origin + y * plane.stride + x);
    }
  }
  return blocks;
}

function tablesIn(kernels: Kernels): SpectralTables {
  const tables = {
    window: kernels.floats(WINDOW.length),
    pass: kernels.floats(PASS.length),
    cos: kernels.floats(WAVE.length),
    sin: kernels.floats(WAVE.length),
  };
  tables.window.set(WINDOW);
  tables.pass.set(PASS);
  tables.cos.set(WAVE.map(Math.cos));
  tables.sin.set(WAVE.map(Math.sin));
  return tables;
}

/** Weight per coefficient in bit-reversed order: 1 in the band of ridge periods, falling to 0 around it. */
function bandPass(): Float32Array {
  const weights = new Float32Array(BLOCK_PX * BLOCK_PX);
  const low = BLOCK_PX / PERIOD_MAX_PX;
  const high = BLOCK_PX / PERIOD_MIN_PX;
  for (let v = 0; v < BLOCK_PX; v += 1) {
    for (let u = 0; u < BLOCK_PX; u += 1) {
      const radius = Math.hypot(u < BLOCK_PX / 2 ? u : u - BLOCK_PX, v < BLOCK_PX / 2 ? v : v - BLOCK_PX);
      const outside = Math.max(0, low - radius, radius - high);
      weights[reversed(v) * BLOCK_PX + reversed(u)] = outside >= 1.5 ? 0 : Math.exp(-2 * outside * outside);
    }
  }
  return weights;
}

function reversed(value: number): number {
  let out = 0;
  for (let bit = 1; bit < BLOCK_PX; bit <<= 1) out = (out << 1) | ((value & bit) === 0 ? 0 : 1);
  return out;
}
