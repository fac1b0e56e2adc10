// Line filters over tiles of 4 × 2 px: two vectors, one a row. Strides and offsets come in values and are 4 bytes each.

export function filterEven(
  starts: usize,
  offsets: usize,
  weights: usize,
  places: usize,
  count: i32,
  stride: usize,
  from: usize,
  out: usize,
): void {
  const row = stride << 2;
  for (let tile = 0; tile < count; tile++) {
    const at = (<usize>load<u32>(places)) << 2;
    const filter = starts + ((<usize>load<u32>(places, 4)) << 2);
    places += 8;
    const end = (<usize>load<u32>(filter, 4)) << 2;
    let upper = f32x4.splat(0);
    let below = f32x4.splat(0);
    for (let tap = (<usize>load<u32>(filter)) << 2; tap < end; tap += 4) {
      const weight = v128.load32_splat(weights + tap);
      const pixel = from + at + ((<usize>load<i32>(offsets + tap)) << 2);
      upper = f32x4.add(upper, f32x4.mul(weight, v128.load(pixel)));
      below = f32x4.add(below, f32x4.mul(weight, v128.load(pixel + row)));
    }
    v128.store(out + at, upper);
    v128.store(out + at + row, below);
  }
}

/** What {@link correlate} found for one tile: two rows of sums with the even filter, and two with the odd one. */
let upperEven: v128 = i32x4(0, 0, 0, 0);
let belowEven: v128 = i32x4(0, 0, 0, 0);
let upperOdd: v128 = i32x4(0, 0, 0, 0);
let belowOdd: v128 = i32x4(0, 0, 0, 0);

/** @param filter where the filter's first and last tap stand; @param pixels the tile's first pixel. */
function correlate(
  filter: usize,
  offsets: usize,
  evens: usize,
  odds: usize,
  pixels: usize,
  row: usize,
): void {
  const end = (<usize>load<u32>(filter, 4)) << 2;
  let upperE = f32x4.splat(0);
  let belowE = f32x4.splat(0);
  let upperO = f32x4.splat(0);
  let belowO = f32x4.splat(0);
  for (let tap = (<usize>load<u32>(filter)) << 2; tap < end; tap += 4) {
    const even = v128.load32_splat(evens + tap);
    const odd = v128.load32_splat(odds + tap);
    const pixel = pixels + ((<usize>load<i32>(offsets + tap)) << 2);
    const upper = v128.load(pixel);
    const below = v128.load(pixel + row);
    upperE = f32x4.add(upperE, f32x4.mul(even, upper));
    belowE = f32x4.add(belowE, f32x4.mul(even, below));
    upperO = f32x4.add(upperO, f32x4.mul(odd, upper));
    belowO = f32x4.add(belowO, f32x4.mul(odd, below));
  }
  upperEven = upperE;
  belowEven = belowE;
  upperOdd = upperO;
  belowOdd = belowO;
}

export function filterBoth(
  starts: usize,
  offsets: usize,
  evens: usize,
  odds: usize,
  places: usize,
  count: i32,
  stride: usize,
  from: usize,
  outEven: usize,
  outOdd: usize,
): void {
  const row = stride << 2;
  for (let tile = 0; tile < count; tile++) {
    const at = (<usize>load<u32>(places)) << 2;
    const filter = starts + ((<usize>load<u32>(places, 4)) << 2);
    places += 8;
    correlate(filter, offsets, evens, odds, from + at, row);
    v128.store(outEven + at, upperEven);
    v128.store(outEven + at + row, belowEven);
    v128.store(outOdd + at, upperOdd);
    v128.store(outOdd + at + row, belowOdd);
  }
}

export function filterEnergy(
  starts: usize,
  offsets: usize,
  evens: usize,
  odds: usize,
  places: usize,
  count: i32,
  stride: usize,
  from: usize,
  out: usize,
): void {
  const row = stride << 2;
  for (let tile = 0; tile < count; tile++) {
    const at = (<usize>load<u32>(places)) << 2;
    const filter = starts + ((<usize>load<u32>(places, 4)) << 2);
    places += 8;
    correlate(filter, offsets, evens, odds, from + at, row);
    const upperSum = f32x4.add(f32x4.mul(upperEven, upperEven), f32x4.mul(upperOdd, upperOdd));
    const belowSum = f32x4.add(f32x4.mul(belowEven, belowEven), f32x4.mul(belowOdd, belowOdd));
    const sum = f32x4.add(upperSum, belowSum);
    const left = f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1);
    const right = f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3);
    store<f32>(out, left + right);
    out += 4;
  }
}
