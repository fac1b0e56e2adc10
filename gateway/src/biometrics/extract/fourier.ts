/** Side of the square blocks that are transformed, px. */
export const BLOCK_PX = 32;
const BITS = 5;

/** In-place transform of BLOCK_PX² complex values; the inverse is not divided by their number. */
export class BlockFourier {
  readonly #cos = Float64Array.from({ length: BLOCK_PX / 2 }, (_, at) =>
    Math.cos((2 * Math.PI * at) / BLOCK_PX),
  );
  readonly #sin = Float64Array.from({ length: BLOCK_PX / 2 }, (_, at) =>
    Math.sin((2 * Math.PI * at) / BLOCK_PX),
  );
  readonly #reversed = Uint8Array.from({ length: BLOCK_PX }, (_, at) => reverseBits(at));

  transform(re: Float32Array, im: Float32Array, isInverse: boolean): void {
    for (let row = 0; row < BLOCK_PX; row += 1)
      this.#line(re, im, { start: row * BLOCK_PX, step: 1, isInverse });
    for (let column = 0; column < BLOCK_PX; column += 1) {
      this.#line(re, im, { start: column, step: BLOCK_PX, isInverse });
    }
  }

  #line(re: Float32Array, im: Float32Array, line: { start: number; step: number; isInverse: boolean }): void {
    const { start, step } = line;
    const sign = line.isInverse ? 1 : -1;
    for (let at = 0; at < BLOCK_PX; at += 1) {
      const other = this.#reversed[at]!;
      if (other > at) {
        swap(re, start + at * step, start + other * step);
        swap(im, start + at * step, start + other * step);
      }
    }
    for (let half = 1; half < BLOCK_PX; half *= 2) {
      const turn = BLOCK_PX / (2 * half);
      for (let block = 0; block < BLOCK_PX; block += 2 * half) {
        for (let at = 0; at < half; at += 1) {
          const c = this.#cos[at * turn]!;
          const s = sign * this.#sin[at * turn]!;
          const low = start + (block + at) * step;
          const high = low + half * step;
          const r = re[high]! * c - im[high]! * s;
          const i = re[high]! * s + im[high]! * c;
          re[high] = re[low]! - r;
          im[high] = im[low]! - i;
          re[low]! += r;
          im[low]! += i;
        }
      }
    }
  }
}

function swap(data: Float32Array, a: number, b: number): void {
  const kept = data[a]!;
  data[a] = data[b]!;
  data[b] = kept;
}

function reverseBits(value: number): number {
  let out = 0;
  for (let bit = 0; bit < BITS; bit += 1) out |= ((value >> bit) & 1) << (BITS - 1 - bit);
  return out;
}
