// Spectral enhancement of blocks of 32 × 32 px. Transforms run down the columns, four columns at once; the other
// direction is reached by transposing.

const SIDE: usize = 32;
const ROW: usize = SIDE * 4;
const BLOCK: usize = ROW * SIDE;

const re = memory.data(<i32>BLOCK, 16);
const im = memory.data(<i32>BLOCK, 16);
const turnedRe = memory.data(<i32>BLOCK, 16);
const turnedIm = memory.data(<i32>BLOCK, 16);

export function enhanceBlocks(
  window: usize,
  pass: usize,
  cos: usize,
  sin: usize,
  blocks: usize,
  count: i32,
  stride: usize,
  from: usize,
  to: usize,
): void {
  const down = stride << 2;
  for (let block = 0; block < count; block++) {
    const at = (<usize>load<u32>(blocks)) << 2;
    blocks += 4;
    read(from + at, down, window);
    memory.fill(im, 0, BLOCK);
    forward(re, im, cos, sin);
    transpose(re, turnedRe);
    transpose(im, turnedIm);
    forward(turnedRe, turnedIm, cos, sin);
    weigh(turnedRe, turnedIm, pass);
    backward(turnedRe, turnedIm, cos, sin);
    transpose(turnedRe, re);
    transpose(turnedIm, im);
    backward(re, im, cos, sin);
    write(to + at, down, window);
  }
}

function read(from: usize, down: usize, window: usize): void {
  for (let place: usize = 0; place < BLOCK; place += ROW) {
    for (let x: usize = 0; x < ROW; x += 16) {
      v128.store(re + place + x, f32x4.mul(v128.load(from + x), v128.load(window + place + x)));
    }
    from += down;
  }
}

function write(to: usize, down: usize, window: usize): void {
  for (let place: usize = 0; place < BLOCK; place += ROW) {
    for (let x: usize = 0; x < ROW; x += 16) {
      const value = f32x4.mul(v128.load(re + place + x), v128.load(window + place + x));
      v128.store(to + x, f32x4.add(v128.load(to + x), value));
    }
    to += down;
  }
}

function forward(real: usize, imaginary: usize, cos: usize, sin: usize): void {
  for (let half: usize = SIDE / 2; half >= 1; half >>= 1) {
    const turn = SIDE / (2 * half);
    for (let low: usize = 0; low < SIDE; low++) {
      if (low & half) continue;
      const step = ((low & (half - 1)) * turn) << 2;
      const c = v128.load32_splat(cos + step);
      const s = f32x4.neg(v128.load32_splat(sin + step));
      const a = low * ROW;
      const b = a + half * ROW;
      for (let x: usize = 0; x < ROW; x += 16) {
        const lowRe = v128.load(real + a + x);
        const lowIm = v128.load(imaginary + a + x);
        const highRe = v128.load(real + b + x);
        const highIm = v128.load(imaginary + b + x);
        const r = f32x4.sub(lowRe, highRe);
        const i = f32x4.sub(lowIm, highIm);
        v128.store(real + a + x, f32x4.add(lowRe, highRe));
        v128.store(imaginary + a + x, f32x4.add(lowIm, highIm));
        v128.store(real + b + x, f32x4.sub(f32x4.mul(r, c), f32x4.mul(i, s)));
        v128.store(imaginary + b + x, f32x4.add(f32x4.mul(r, s), f32x4.mul(i, c)));
      }
    }
  }
}

function backward(real: usize, imaginary: usize, cos: usize, sin: usize): void {
  for (let half: usize = 1; half < SIDE; half <<= 1) {
    const turn = SIDE / (2 * half);
    for (let low: usize = 0; low < SIDE; low++) {
      if (low & half) continue;
      const step = ((low & (half - 1)) * turn) << 2;
      const c = v128.load32_splat(cos + step);
      const s = v128.load32_splat(sin + step);
      const a = low * ROW;
      const b = a + half * ROW;
      for (let x: usize = 0; x < ROW; x += 16) {
        const lowRe = v128.load(real + a + x);
        const lowIm = v128.load(imaginary + a + x);
        const highRe = v128.load(real + b + x);
        const highIm = v128.load(imaginary + b + x);
        const r = f32x4.sub(f32x4.mul(highRe, c), f32x4.mul(highIm, s));
        const i = f32x4.add(f32x4.mul(highRe, s), f32x4.mul(highIm, c));
        v128.store(real + b + x, f32x4.sub(lowRe, r));
        v128.store(imaginary + b + x, f32x4.sub(lowIm, i));
        v128.store(real + a + x, f32x4.add(lowRe, r));
        v128.store(imaginary + a + x, f32x4.add(lowIm, i));
      }
    }
  }
}

/** Squares of 4 × 4 values are turned in registers. */
function transpose(from: usize, to: usize): void {
  for (let row: usize = 0; row < SIDE; row += 4) {
    for (let column: usize = 0; column < SIDE; column += 4) {
      const source = from + row * ROW + column * 4;
      const target = to + column * ROW + row * 4;
      const a = v128.load(source);
      const b = v128.load(source + ROW);
      const c = v128.load(source + 2 * ROW);
      const d = v128.load(source + 3 * ROW);
      const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
      const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
      const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
      const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
      v128.store(target, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
      v128.store(target + ROW, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
      v128.store(target + 2 * ROW, v128.shuffle<f32>(abHigh, cdHigh, 0, 1, 4, 5));
      v128.store(target + 3 * ROW, v128.shuffle<f32>(abHigh, cdHigh, 2, 3, 6, 7));
    }
  }
}

function weigh(real: usize, imaginary: usize, pass: usize): void {
  let lanes = f32x4.splat(0);
  for (let at: usize = 0; at < BLOCK; at += 16) {
    const energy = energyOf(v128.load(real + at), v128.load(imaginary + at));
    lanes = f32x4.add(lanes, f32x4.mul(energy, v128.load(pass + at)));
  }
  const left = f32x4.extract_lane(lanes, 0) + f32x4.extract_lane(lanes, 1);
  const right = f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3);
  const total: f32 = left + right + <f32>1e-9;
  const mean = f32x4.splat(total * <f32>(1.0 / 1024.0));
  const scale = f32x4.div(f32x4.splat(1), f32x4.mul(f32x4.sqrt(mean), powered(mean)));
  for (let at: usize = 0; at < BLOCK; at += 16) {
    const r = v128.load(real + at);
    const i = v128.load(imaginary + at);
    const gain = f32x4.mul(f32x4.mul(scale, v128.load(pass + at)), powered(energyOf(r, i)));
    v128.store(real + at, f32x4.mul(r, gain));
    v128.store(imaginary + at, f32x4.mul(i, gain));
  }
}

function energyOf(r: v128, i: v128): v128 {
  return f32x4.add(f32x4.mul(r, r), f32x4.mul(i, i));
}

function powered(value: v128): v128 {
  const fourth = f32x4.sqrt(f32x4.sqrt(value));
  const sixteenth = f32x4.sqrt(f32x4.sqrt(fourth));
  return f32x4.mul(f32x4.mul(fourth, sixteenth), f32x4.sqrt(sixteenth));
}
