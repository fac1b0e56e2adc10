import type { Kernels } from './kernels.js';
import { aligned, growTo, instantiate, type KernelModule, type ModuleExports } from './web-assembly.js';

interface Exports extends ModuleExports {
  filterEven(...numbers: number[]): void;
  filterBoth(...numbers: number[]): void;
  filterEnergy(...numbers: number[]): void;
  addGradients(...numbers: number[]): void;
  enhanceBlocks(...numbers: number[]): void;
}

/** Memory of WebAssembly never shrinks; after an image larger than this a new instance is taken instead, bytes. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;

/** The kernels in WebAssembly. Not to be used by two extractions at once: all arrays lie in one memory. */
export class WasmKernels implements Kernels {
  readonly id = 'wasm';
  readonly #module: KernelModule;
  #exports: Exports;
  #next = 0;

  constructor(module: KernelModule) {
    this.#module = module;
    this.#exports = instantiate<Exports>(module);
  }

  reset(bytes: number): void {
    if (this.#exports.memory.buffer.byteLength > KEPT_BYTES_MAX)
      this.#exports = instantiate<Exports>(this.#module);
    this.#next = aligned(this.#exports.heapStart());
    // Growing detaches every array, so it happens here and never later.
    growTo(this.#exports, this.#next + bytes);
  }

  floats(length: number): Float32Array {
    return new Float32Array(this.#exports.memory.buffer, this.#take(length), length).fill(0);
  }

  ints(length: number): Int32Array {
    return new Int32Array(this.#exports.memory.buffer, this.#take(length), length).fill(0);
  }

  #take(length: number): number {
    const place = this.#next;
    this.#next = aligned(place + 4 * length);
    return place;
  }

  readonly filterEven: Kernels['filterEven'] = (lines, { places, count }, stride, { from, even }) =>
    this.#exports.filterEven(
      lines.starts.byteOffset,
      lines.offsets.byteOffset,
      lines.even.byteOffset,
      places.byteOffset,
      count,
      stride,
      from.byteOffset,
      even.byteOffset,
    );

  readonly filterBoth: Kernels['filterBoth'] = (lines, { places, count }, stride, { from, even, odd }) =>
    this.#exports.filterBoth(
      lines.starts.byteOffset,
      lines.offsets.byteOffset,
      lines.even.byteOffset,
      lines.odd.byteOffset,
      places.byteOffset,
      count,
      stride,
      from.byteOffset,
      even.byteOffset,
      odd.byteOffset,
    );

  readonly filterEnergy: Kernels['filterEnergy'] = (lines, { places, count }, stride, { from, energy }) =>
    this.#exports.filterEnergy(
      lines.starts.byteOffset,
      lines.offsets.byteOffset,
      lines.even.byteOffset,
      lines.odd.byteOffset,
      places.byteOffset,
      count,
      stride,
      from.byteOffset,
      energy.byteOffset,
    );

  readonly addGradients: Kernels['addGradients'] = (from, { at, stride, width, rows }, sums) =>
    this.#exports.addGradients(
      from.byteOffset + 4 * at,
      stride,
      width,
      rows,
      sums.cos.byteOffset,
      sums.sin.byteOffset,
      sums.energy.byteOffset,
    );

  readonly enhanceBlocks: Kernels['enhanceBlocks'] = (tables, blocks, stride, { from, to }) =>
    this.#exports.enhanceBlocks(
      tables.window.byteOffset,
      tables.pass.byteOffset,
      tables.cos.byteOffset,
      tables.sin.byteOffset,
      blocks.byteOffset,
      blocks.length,
      stride,
      from.byteOffset,
      to.byteOffset,
    );
}
