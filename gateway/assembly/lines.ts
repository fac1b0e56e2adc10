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
    const end = (<usize>load<u32>(filter, 4)) << 2;
    let upperEven = f32x4.splat(0);
    let belowEven = f32x4.splat(0);
    let upperOdd = f32x4.splat(0);
    let belowOdd = f32x4.splat(0);
    for (let tap = (<usize>load<u32>(filter)) << 2; tap < end; tap += 4) {
      const even = v128.load32_splat(evens + tap);
      const odd = v128.load32_splat(odds + tap);
      const pixel = from + at + ((<usize>load<i32>(offsets + tap)) << 2);
      const upper = v128.load(pixel);
      const below = v128.load(pixel + row);
      upperEven = f32x4.add(upperEven, f32x4.mul(even, upper));
      belowEven = f32x4.add(belowEven, f32x4.mul(even, below));
      upperOdd = f32x4.add(upperOdd, f32x4.mul(odd, upper));
      belowOdd = f32x4.add(belowOdd, f32x4.mul(odd, below));
    }
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
    const end = (<usize>load<u32>(filter, 4)) << 2;
    let upperEven = f32x4.splat(0);
    let belowEven = f32x4.splat(0);
    let upperOdd = f32x4.splat(0);
    let belowOdd = f32x4.splat(0);
    for (let tap = (<usize>load<u32>(filter)) << 2; tap < end; tap += 4) {
      const even = v128.load32_splat(evens + tap);
      const odd = v128.load32_splat(odds + tap);
      const pixel = from + at + ((<usize>load<i32>(offsets + tap)) << 2);
      const upper = v128.load(pixel);
      const below = v128.load(pixel + row);
      upperEven = f32x4.add(upperEven, f32x4.mul(even, upper));
      belowEven = f32x4.add(belowEven, f32x4.mul(even, below));
      upperOdd = f32x4.add(upperOdd, f32x4.mul(odd, upper));
      belowOdd = f32x4.add(belowOdd, f32x4.mul(odd, below));
    }
    const upperSum = f32x4.add(f32x4.mul(upperEven, upperEven), f32x4.mul(upperOdd, upperOdd));
    const belowSum = f32x4.add(f32x4.mul(belowEven, belowEven), f32x4.mul(belowOdd, belowOdd));
    const sum = f32x4.add(upperSum, belowSum);
    const left = f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1);
    const right = f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3);
    store<f32>(out, left + right);
    out += 4;
  }
}
