// Sobel gradients, four pixels at once; everything but `width` and `rows` is in bytes or values as its name says.

export function addGradients(
  from: usize,
  stride: usize,
  width: usize,
  rows: i32,
  cos: usize,
  sin: usize,
  energy: usize,
): void {
  const down = stride << 2;
  const bytes = width << 2;
  for (let row = 0; row < rows; row++) {
    for (let x: usize = 0; x < bytes; x += 16) {
      const here = from + x;
      const above = here - down;
      const below = here + down;
      const aboveLeft = v128.load(above - 4);
      const aboveRight = v128.load(above, 4);
      const belowLeft = v128.load(below - 4);
      const belowRight = v128.load(below, 4);
      const sides = f32x4.sub(v128.load(here, 4), v128.load(here - 4));
      const upper = f32x4.sub(aboveRight, aboveLeft);
      const lower = f32x4.sub(belowRight, belowLeft);
      const gx = f32x4.add(f32x4.add(f32x4.add(sides, sides), upper), lower);
      const middle = f32x4.sub(v128.load(below), v128.load(above));
      const left = f32x4.sub(belowLeft, aboveLeft);
      const right = f32x4.sub(belowRight, aboveRight);
      const gy = f32x4.add(f32x4.add(f32x4.add(middle, middle), left), right);
      const xx = f32x4.mul(gx, gx);
      const yy = f32x4.mul(gy, gy);
      const xy = f32x4.mul(gx, gy);
      v128.store(cos + x, f32x4.add(v128.load(cos + x), f32x4.sub(yy, xx)));
      v128.store(sin + x, f32x4.add(v128.load(sin + x), f32x4.add(xy, xy)));
      v128.store(energy + x, f32x4.add(v128.load(energy + x), f32x4.add(xx, yy)));
    }
    from += down;
  }
}
