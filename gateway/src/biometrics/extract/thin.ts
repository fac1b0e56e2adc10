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
const REMOVABLE = [removable(0), removable(1)] as const;

function removable(half: 0 | 1): Uint8Array {
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

/** Thins to lines of one pixel in place, keeping what hangs together. */
export function thin(picture: BinaryPicture): void {
  const { data, stride } = picture;
  let alive: number[] = [];
  for (let at = 0; at < data.length; at += 1) if (data[at] === 1) alive.push(at);
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    let removed = 0;
    for (const table of REMOVABLE) {
      const gone = alive.filter((at) => table[neighborBits(data, at, stride)] === 1);
      for (const at of gone) data[at] = 0;
      removed += gone.length;
      if (gone.length > 0) alive = alive.filter((at) => data[at] === 1);
    }
    if (removed === 0) return;
  }
}
