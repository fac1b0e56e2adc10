import { describe, expect, it } from 'vitest';
import { extract } from '../extract/extract.js';
import { loadKernels } from '../node/load-kernels.js';
import { press, randomPattern, seeded } from '../ridge-pattern.fixture.js';
import { type BoundLines, type Kernels, TILE_HEIGHT, TILE_WIDTH } from './kernels.js';
import { plainKernels } from './plain-kernels.js';

const WIDTH = 64;
const HEIGHT = 48;

/** What every kernel makes of the same noise. */
function results(kernels: Kernels): Record<string, number[]> {
  kernels.reset(4_000_000);
  const random = seeded(77);
  const noise = (length: number): Float32Array => {
    const out = kernels.floats(length);
    for (let at = 0; at < length; at += 1) out[at] = 4 * random() - 2;
    return out;
  };
  const from = noise(WIDTH * HEIGHT);
  const lines: BoundLines = {
    starts: kernels.ints(3),
    offsets: kernels.ints(24),
    even: noise(24),
    odd: noise(24),
  };
  lines.starts.set([0, 7, 24]);
  for (let tap = 0; tap < 24; tap += 1) lines.offsets[tap] = (tap % 5) - 2 + WIDTH * ((tap % 7) - 3);
  const places = kernels.ints(2 * 40);
  for (let tile = 0; tile < 40; tile += 1) {
    const x = TILE_WIDTH * (2 + (tile % 8));
    places.set([(8 + TILE_HEIGHT * Math.floor(tile / 8)) * WIDTH + x, tile & 1], 2 * tile);
  }
  const tiles = { places, count: 40 };
  const [alone, even, odd] = [0, 1, 2].map(() => kernels.floats(WIDTH * HEIGHT)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  kernels.filterEven(lines, tiles, WIDTH, { from, even: alone });
  kernels.filterBoth(lines, tiles, WIDTH, { from, even, odd });
  const energy = kernels.floats(40);
  kernels.filterEnergy(lines, tiles, WIDTH, { from, energy });
  const sums = { cos: kernels.floats(32), sin: kernels.floats(32), energy: kernels.floats(32) };
  kernels.addGradients(from, { at: 5 * WIDTH + 9, stride: WIDTH, width: 32, rows: 20 }, sums);
  const tables = { window: noise(1024), pass: noise(1024), cos: noise(16), sin: noise(16) };
  for (let at = 0; at < 1024; at += 1) tables.pass[at] = Math.abs(tables.pass[at] ?? 0);
  const blocks = kernels.ints(2);
  blocks.set([3, 6 * WIDTH + 20]);
  const to = kernels.floats(WIDTH * HEIGHT);
  kernels.enhanceBlocks(tables, blocks, WIDTH, { from, to });
  const found = { alone, even, odd, response: energy, ...sums, to };
  return Object.fromEntries(Object.entries(found).map(([name, values]) => [name, [...values]]));
}

describe('kernels in WebAssembly and in TypeScript', () => {
  const wasm = loadKernels();

  it('give the same bits', () => {
    const plain = results(plainKernels);
    expect(results(wasm)).toEqual(plain);
    for (const values of Object.values(plain)) {
      expect(new Set(values).size).toBeGreaterThan(20);
      expect(values.every(Number.isFinite)).toBe(true);
    }
  });

  it.each([1, 2, 3, 4])('give the same template of finger %i', (seed) => {
    const image = press(randomPattern(70 + seed), { noise: 20 * seed, seed, rotation: 7 * seed });
    expect(extract(image, wasm).template).toEqual(extract(image, plainKernels).template);
  });

  it('give the same template of a small image after a large one', () => {
    const small = press(randomPattern(80));
    const alone = extract(small, wasm).template;
    extract(press({ ...randomPattern(81), width: 900, height: 1000 }), wasm);
    expect(extract(small, wasm).template).toEqual(alone);
  });

  it('are instantiated again after an image that needed more memory than is kept', () => {
    const kernels = loadKernels();
    kernels.reset(40 * 1024 * 1024);
    const large = kernels.floats(10 * 1024 * 1024);
    kernels.reset(1024);
    expect(kernels.floats(1).buffer.byteLength).toBeLessThan(large.buffer.byteLength);
  });
});
