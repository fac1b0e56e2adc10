/** A bank of line filters for one row length: the taps of filter f are `starts[f]..starts[f+1]`. */
export interface BoundLines {
  starts: Int32Array;
  /** Where a tap lies, values from the pixel. */
  offsets: Int32Array;
  even: Float32Array;
  odd: Float32Array;
}

/**
 * Tiles of TILE_WIDTH × TILE_HEIGHT px that share a filter; two numbers each: the place of the upper left pixel and the
 * index of the filter. `count` tiles of `places` are meant.
 */
export interface Tiles {
  places: Int32Array;
  count: number;
}

export const TILE_WIDTH = 4;
export const TILE_HEIGHT = 2;
/** Side of the blocks of {@link Kernels.enhanceBlocks}, px. */
export const BLOCK_PX = 32;

/** Tables of the spectral enhancement. */
export interface SpectralTables {
  /** BLOCK_PX² weights of a block's pixels. */
  window: Float32Array;
  /** BLOCK_PX² weights of coefficients, rows and columns in bit-reversed order. */
  pass: Float32Array;
  /** Cosines and sines of 2πk/BLOCK_PX, k < BLOCK_PX/2. */
  cos: Float32Array;
  sin: Float32Array;
}

/** Rows of a plane: the place of the first pixel, values per row, pixels a row (a multiple of TILE_WIDTH) and rows. */
export interface Rows {
  at: number;
  stride: number;
  width: number;
  rows: number;
}

/**
 * The loops that cost most, once in TypeScript and once in WebAssembly with SIMD, with bit-identical results: 32-bit
 * numbers, the same operations in the same order, nothing fused. Arrays that are given to a kernel come from its own
 * {@link floats} and {@link ints}, because WebAssembly sees only its own memory.
 */
export interface Kernels {
  readonly id: 'plain' | 'wasm';
  /** Gives all arrays back and makes room for `bytes` of new ones. Arrays from before must not be used any more. */
  reset(bytes: number): void;
  /** Zeros. */
  floats(length: number): Float32Array;
  ints(length: number): Int32Array;

  /** Even response of every tile's filter. */
  filterEven(
    lines: BoundLines,
    tiles: Tiles,
    stride: number,
    planes: { from: Float32Array; even: Float32Array },
  ): void;
  /** Even and odd response of every tile's filter. */
  filterBoth(
    lines: BoundLines,
    tiles: Tiles,
    stride: number,
    planes: { from: Float32Array; even: Float32Array; odd: Float32Array },
  ): void;
  /** even² + odd² summed over every tile. */
  filterEnergy(
    lines: BoundLines,
    tiles: Tiles,
    stride: number,
    arrays: { from: Float32Array; energy: Float32Array },
  ): void;
  /** Adds the squared gradient (Sobel) of rows to column sums: gy² - gx², 2 gx gy, gx² + gy². */
  addGradients(
    from: Float32Array,
    rows: Rows,
    sums: { cos: Float32Array; sin: Float32Array; energy: Float32Array },
  ): void;
  /**
   * Weighs the spectrum of each block by a power of its own magnitude and adds the result to `to`. `places` are those of
   * the blocks' upper left pixels.
   */
  enhanceBlocks(
    tables: SpectralTables,
    blocks: Tiles['places'],
    stride: number,
    planes: { from: Float32Array; to: Float32Array },
  ): void;
}
