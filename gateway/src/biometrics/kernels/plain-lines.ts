import type { BoundLines, Kernels } from './kernels.js';

/*
 * Every pixel of a tile has a sum of its own, rounded to 32 bits after each operation: that is what a lane of a vector
 * does.
 */
const round = Math.fround;
const PIXELS = 8;
const evens = new Float32Array(PIXELS);
const odds = new Float32Array(PIXELS);

export const filterEven: Kernels['filterEven'] = (lines, { places, count }, stride, { from, even }) => {
  for (let tile = 0; tile < count; tile += 1) {
    const at = places[2 * tile]!;
    respond(lines, places[2 * tile + 1]!, { weights: lines.even, from, at, stride }, evens);
    store(even, at, stride, evens);
  }
};

export const filterBoth: Kernels['filterBoth'] = (lines, { places, count }, stride, { from, even, odd }) => {
  for (let tile = 0; tile < count; tile += 1) {
    const at = places[2 * tile]!;
    const filter = places[2 * tile + 1]!;
    respond(lines, filter, { weights: lines.even, from, at, stride }, evens);
    respond(lines, filter, { weights: lines.odd, from, at, stride }, odds);
    store(even, at, stride, evens);
    store(odd, at, stride, odds);
  }
};

export const filterEnergy: Kernels['filterEnergy'] = (lines, { places, count }, stride, { from, energy }) => {
  const lanes = new Float32Array(4);
  for (let tile = 0; tile < count; tile += 1) {
    const at = places[2 * tile]!;
    const filter = places[2 * tile + 1]!;
    respond(lines, filter, { weights: lines.even, from, at, stride }, evens);
    respond(lines, filter, { weights: lines.odd, from, at, stride }, odds);
    for (let lane = 0; lane < 4; lane += 1) {
      const upper = round(round(evens[lane]! * evens[lane]!) + round(odds[lane]! * odds[lane]!));
      const below = round(
        round(evens[lane + 4]! * evens[lane + 4]!) + round(odds[lane + 4]! * odds[lane + 4]!),
      );
      lanes[lane] = upper + below;
    }
    energy[tile] = round(lanes[0]! + lanes[1]!) + round(lanes[2]! + lanes[3]!);
  }
};

interface Source {
  weights: Float32Array;
  from: Float32Array;
  at: number;
  stride: number;
}

function respond(
  { starts, offsets }: BoundLines,
  filter: number,
  { weights, from, at, stride }: Source,
  out: Float32Array,
): void {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let e = 0;
  let f = 0;
  let g = 0;
  let h = 0;
  const end = starts[filter + 1]!;
  for (let tap = starts[filter]!; tap < end; tap += 1) {
    const weight = weights[tap]!;
    const upper = at + offsets[tap]!;
    const below = upper + stride;
    a = round(a + round(weight * from[upper]!));
    b = round(b + round(weight * from[upper + 1]!));
    c = round(c + round(weight * from[upper + 2]!));
    d = round(d + round(weight * from[upper + 3]!));
    e = round(e + round(weight * from[below]!));
    f = round(f + round(weight * from[below + 1]!));
    g = round(g + round(weight * from[below + 2]!));
    h = round(h + round(weight * from[below + 3]!));
  }
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
  out[4] = e;
  out[5] = f;
  out[6] = g;
  out[7] = h;
}

function store(plane: Float32Array, at: number, stride: number, values: Float32Array): void {
  for (let lane = 0; lane < 4; lane += 1) {
    plane[at + lane] = values[lane]!;
    plane[at + stride + lane] = values[lane + 4]!;
  }
}
