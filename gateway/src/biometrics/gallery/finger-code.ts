import type { Template } from '../extract/extract.js';
import type { Minutia } from '../extract/minutiae.js';
import type { PreparedFinger } from '../match/compare.js';
import { CELL_WORDS, CELLS, CYLINDER_WORDS, type Cylinders, SLICES } from '../match/cylinders.js';

/*
 * What a search looks at first: for both front ends up to CODES_MAX minutiae with place, direction and a binary code of
 * their neighborhood. Whole 32-bit words at fixed places, so that a loop can run over thousands of fingers:
 *   0                     counts: skeleton | phase << 16
 *   1 + side * SIDE_WORDS CODES_MAX words of place (x << 20 | y << 8 | angle),
 *                         CODES_MAX words of set bits, CODES_MAX * CODE_WORDS words of bits
 */
/** Minutiae of one front end that take part; the clearest ones. */
export const CODES_MAX = 40;
export const CODE_WORDS = 10;
export const PLACES_AT = 1;
export const ONES_AT = PLACES_AT + CODES_MAX;
export const BITS_AT = ONES_AT + CODES_MAX;
export const SIDE_WORDS = 2 * CODES_MAX + CODES_MAX * CODE_WORDS;
/** Words of one finger: 3.8 kB. */
export const FINGER_WORDS = 1 + 2 * SIDE_WORDS;

/** Cells of a slice that fit into the words of a code. */
const CODE_CELLS = Math.floor((CODE_WORDS * 32) / SLICES);
/** Every second cell of the cylinder, like the black squares of a chessboard, without the outermost. */
const CHOSEN = CELLS.map((cell, index) => ({ index, isBlack: (cell.row + cell.column) % 2 === 0, ...cell }))
  .filter(({ isBlack }) => isBlack)
  .sort((a, b) => a.u ** 2 + a.v ** 2 - (b.u ** 2 + b.v ** 2) || a.index - b.index)
  .slice(0, CODE_CELLS)
  .map(({ index }) => index);

/** The code of a finger that was made ready for comparing. */
export function fingerCode({ skeleton, phase }: Template, { local }: PreparedFinger): Int32Array {
  const words = new Int32Array(FINGER_WORDS);
  const counts = [
    writeSide(words, 0, { minutiae: skeleton, cylinders: local[0] }),
    writeSide(words, SIDE_WORDS, { minutiae: phase, cylinders: local[1] }),
  ];
  words[0] = counts[0]! | (counts[1]! << 16);
  return words;
}

function writeSide(
  words: Int32Array,
  base: number,
  { minutiae, cylinders }: { minutiae: readonly Minutia[]; cylinders: Cylinders },
): number {
  const chosen = Array.from(cylinders.minutia, (minutia, cylinder) => ({ minutia, cylinder }))
    .sort((a, b) => minutiae[b.minutia]!.quality - minutiae[a.minutia]!.quality || a.minutia - b.minutia)
    .slice(0, CODES_MAX)
    .sort((a, b) => a.minutia - b.minutia);
  for (const [place, { minutia, cylinder }] of chosen.entries()) {
    const { x, y, angle } = minutiae[minutia]!;
    words[base + PLACES_AT + place] = (x << 20) | (y << 8) | angle;
    const code = words.subarray(
      base + BITS_AT + place * CODE_WORDS,
      base + BITS_AT + (place + 1) * CODE_WORDS,
    );
    words[base + ONES_AT + place] = writeCode(code, cylinders.bits, cylinder * CYLINDER_WORDS);
  }
  return chosen.length;
}

/** Packs the chosen cells of every slice; gives the number of set bits. */
function writeCode(code: Int32Array, bits: Int32Array, from: number): number {
  let ones = 0;
  let at = 0;
  for (let slice = 0; slice < SLICES; slice += 1) {
    for (const cell of CHOSEN) {
      const bit = (bits[from + slice * CELL_WORDS + (cell >> 5)]! >> (cell & 31)) & 1;
      code[at >> 5]! |= bit << (at & 31);
      ones += bit;
      at += 1;
    }
  }
  return ones;
}
