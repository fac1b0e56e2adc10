import { BLOCK_PX, type Kernels, type SpectralTables } from './kernels.js';

const round = Math.fround;
const SIZE = BLOCK_PX * BLOCK_PX;

const re = new Float32Array(SIZE);
const im = new Float32Array(SIZE);
const turnedRe = new Float32Array(SIZE);
const turnedIm = new Float32Array(SIZE);

export const enhanceBlocks: Kernels['enhanceBlocks'] = (tables, blocks, stride, { from, to }) => {
  const { window, pass } = tables;
  for (let block = 0; block < blocks.length; block += 1) {
    const at = blocks[block]!;
    for (let place = 0; place < SIZE; place += 1) {
      re[place] = from[at + (place >> 5) * stride + (place & 31)]! * window[place]!;
    }
    im.fill(0);
    forward(re, im, tables);
    transpose(re, turnedRe);
    transpose(im, turnedIm);
    forward(turnedRe, turnedIm, tables);
    weigh(turnedRe, turnedIm, pass);
    backward(turnedRe, turnedIm, tables);
    transpose(turnedRe, re);
    transpose(turnedIm, im);
    backward(re, im, tables);
    for (let place = 0; place < SIZE; place += 1) {
      const pixel = at + (place >> 5) * stride + (place & 31);
      to[pixel] = to[pixel]! + round(re[place]! * window[place]!);
    }
  }
};

/** Every column transformed; rows come out in bit-reversed order (decimation in frequency). */
function forward(real: Float32Array, imaginary: Float32Array, { cos, sin }: SpectralTables): void {
  for (let half = BLOCK_PX / 2; half >= 1; half >>= 1) {
    const turn = BLOCK_PX / (2 * half);
    for (let low = 0; low < BLOCK_PX; low += 1) {
      if ((low & half) !== 0) continue;
      const c = cos[(low & (half - 1)) * turn]!;
      const s = -sin[(low & (half - 1)) * turn]!;
      const a = low * BLOCK_PX;
      const b = a + half * BLOCK_PX;
      for (let x = 0; x < BLOCK_PX; x += 1) {
        const r = round(real[a + x]! - real[b + x]!);
        const i = round(imaginary[a + x]! - imaginary[b + x]!);
        real[a + x] = real[a + x]! + real[b + x]!;
        imaginary[a + x] = imaginary[a + x]! + imaginary[b + x]!;
        real[b + x] = round(r * c) - round(i * s);
        imaginary[b + x] = round(r * s) + round(i * c);
      }
    }
  }
}

/** The inverse of {@link forward}, times BLOCK_PX (decimation in time). */
function backward(real: Float32Array, imaginary: Float32Array, { cos, sin }: SpectralTables): void {
  for (let half = 1; half < BLOCK_PX; half <<= 1) {
    const turn = BLOCK_PX / (2 * half);
    for (let low = 0; low < BLOCK_PX; low += 1) {
      if ((low & half) !== 0) continue;
      const c = cos[(low & (half - 1)) * turn]!;
      const s = sin[(low & (half - 1)) * turn]!;
      const a = low * BLOCK_PX;
      const b = a + half * BLOCK_PX;
      for (let x = 0; x < BLOCK_PX; x += 1) {
        const r = round(round(real[b + x]! * c) - round(imaginary[b + x]! * s));
        const i = round(round(real[b + x]! * s) + round(imaginary[b + x]! * c));
        real[b + x] = real[a + x]! - r;
        imaginary[b + x] = imaginary[a + x]! - i;
        real[a + x] = real[a + x]! + r;
        imaginary[a + x] = imaginary[a + x]! + i;
      }
    }
  }
}

function transpose(from: Float32Array, to: Float32Array): void {
  for (let place = 0; place < SIZE; place += 1) to[(place & 31) * BLOCK_PX + (place >> 5)] = from[place]!;
}

/**
 * Root filtering with the power 11/16: magnitudes are raised by square roots alone, which are exact everywhere. Blocks
 * of different contrast must join without a seam, so all are scaled by their own strength.
 */
function weigh(real: Float32Array, imaginary: Float32Array, pass: Float32Array): void {
  const lanes = new Float32Array(4);
  for (let at = 0; at < SIZE; at += 1) {
    lanes[at & 3] = lanes[at & 3]! + round(energyOf(real[at]!, imaginary[at]!) * pass[at]!);
  }
  const total = round(round(round(lanes[0]! + lanes[1]!) + round(lanes[2]! + lanes[3]!)) + round(1e-9));
  const mean = round(total * (1 / SIZE));
  // mean^(27/32) = mean^(1/2 + 1/4 + 1/16 + 1/32)
  const scale = round(1 / round(root(mean) * powered(mean)));
  for (let at = 0; at < SIZE; at += 1) {
    const energy = energyOf(real[at]!, imaginary[at]!);
    const gain = round(round(scale * pass[at]!) * powered(energy));
    real[at] = real[at]! * gain;
    imaginary[at] = imaginary[at]! * gain;
  }
}

function energyOf(r: number, i: number): number {
  return round(round(r * r) + round(i * i));
}

/** value^(11/32) = value^(1/4 + 1/16 + 1/32). */
function powered(value: number): number {
  const fourth = root(root(value));
  const sixteenth = root(root(fourth));
  return round(round(fourth * sixteenth) * root(sixteenth));
}

function root(value: number): number {
  return round(Math.sqrt(value));
}
