/** A binary picture with a border of one zero pixel, so that every pixel has eight neighbors. */
export interface BinaryPicture {
  width: number;
  height: number;
  stride: number;
  data: Uint8Array;
}

export function newPicture(width: number, height: number): BinaryPicture {
  return { width, height, stride: width + 2, data: new Uint8Array((width + 2) * (height + 2)) };
}

/** Passes after which no ridge is left to thin: half the width of the widest. */
const PASSES_MAX = 26;

/** Bits of the eight neighbors, clockwise from above. */
export function neighborBits(data: Uint8Array, at: number, stride: number): number {
  return (
    data[at - stride]! |
    (data[at - stride + 1]! << 1) |
    (data[at + 1]! << 2) |
    (data[at + stride + 1]! << 3) |
    (data[at + stride]! << 4) |
    (data[at + stride - 1]! << 5) |
    (data[at - 1]! << 6) |
    (data[at - stride - 1]! << 7)
  );
}

/** Which neighborhoods lose their center in the first and in the second half of a pass (Guo and Hall, 1989). */
const REMOVABLE = [removals(0), removals(1)] as const;

function removals(half: 0 | 1): Uint8Array {
  const table = new Uint8Array(256);
  for (let bits = 0; bits < 256; bits += 1) {
    const p = (at: number): number => (bits >> at) & 1;
    const pairs = [0, 2, 4, 6].reduce((sum, at) => sum + ((1 - p(at)) & (p(at + 1) | p((at + 2) & 7))), 0);
    const fromOdd = [7, 1, 3, 5].reduce((sum, at) => sum + (p(at) | p((at + 1) & 7)), 0);
    const fromEven = [0, 2, 4, 6].reduce((sum, at) => sum + (p(at) | p(at + 1)), 0);
    const count = Math.min(fromOdd, fromEven);
    const side = half === 0 ? (p(0) | p(1) | (1 - p(3))) & p(2) : (p(4) | p(5) | (1 - p(7))) & p(6);
    table[bits] = pairs === 1 && count >= 2 && count <= 3 && side === 0 ? 1 : 0;
  }
  return table;
}

/**
 * Thins to lines of one pixel in place, keeping what hangs together. Once both halves of a pass have seen every pixel,
 * only neighbors of pixels that went are looked at again: nothing has changed for the others.
 */
export function thin(picture: BinaryPicture): void {
  const { data, stride } = picture;
  const work = { list: new Int32Array(data.length), seen: new Uint8Array(data.length), data, stride };
  let count = 0;
  for (let at = 0; at < data.length; at += 1) if (data[at] === 1) work.list[count++] = at;
  let before = new Int32Array(0);
  for (let half = 0; half < 2 * PASSES_MAX; half += 1) {
    const gone = removable(work, count, REMOVABLE[(half & 1) as 0 | 1]);
    for (let place = 0; place < gone.length; place += 1) data[gone[place]!] = 0;
    if (half > 0 && gone.length + before.length === 0) return;
    if (half > 0) {
      count = addNeighbors(before, work, addNeighbors(gone, work, 0));
      for (let place = 0; place < count; place += 1) work.seen[work.list[place]!] = 0;
    }
    before = gone;
  }
}

interface Work {
  list: Int32Array;
  /** 1 for pixels in the list while it is filled. */
  seen: Uint8Array;
  data: Uint8Array;
  stride: number;
}

function removable({ list, data, stride }: Work, count: number, table: Uint8Array): Int32Array<ArrayBuffer> {
  const gone = new Int32Array(count);
  let removed = 0;
  for (let place = 0; place < count; place += 1) {
    const at = list[place]!;
    if (data[at] === 1 && table[neighborBits(data, at, stride)] === 1) gone[removed++] = at;
  }
  return gone.subarray(0, removed);
}

/** Adds the pixels left around those that went to the list; the new length. */
function addNeighbors(gone: Int32Array, work: Work, length: number): number {
  const { stride } = work;
  let count = length;
  for (let place = 0; place < gone.length; place += 1) {
    for (let row = gone[place]! - stride; row <= gone[place]! + stride; row += stride) {
      count = add(work, row - 1, count);
      count = add(work, row, count);
      count = add(work, row + 1, count);
    }
  }
  return count;
}

function add({ list, seen, data }: Work, at: number, count: number): number {
  if (data[at] !== 1 || seen[at] === 1) return count;
  seen[at] = 1;
  list[count] = at;
  return count + 1;
}
