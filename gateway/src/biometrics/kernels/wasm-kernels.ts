import type { Kernels } from './kernels.js';

/** What of WebAssembly is used; the compiler's own libraries know it only together with the whole browser. */
interface WebAssemblyApi {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
}

interface Exports {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  heapStart(): number;
  filterEven(...numbers: number[]): void;
  filterBoth(...numbers: number[]): void;
  filterEnergy(...numbers: number[]): void;
  addGradients(...numbers: number[]): void;
  enhanceBlocks(...numbers: number[]): void;
}

const PAGE_BYTES = 65_536;
/** Vectors are read fastest from multiples of their size. */
const ALIGNMENT_BYTES = 16;
/** Memory of WebAssembly never shrinks; after an image larger than this a new instance is taken instead, bytes. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;

/** Compiled bytes of `gateway/assembly`; they can be instantiated again and again. */
export type KernelModule = object;

export function compileKernels(bytes: Uint8Array): KernelModule {
  return new (webAssembly().Module)(bytes);
}

/** The kernels in WebAssembly. Not to be used by two extractions at once: all arrays lie in one memory. */
export class WasmKernels implements Kernels {
  readonly id = 'wasm';
  readonly #module: KernelModule;
  #exports: Exports;
  #next = 0;

  constructor(module: KernelModule) {
    this.#module = module;
    this.#exports = instantiate(module);
  }

  reset(bytes: number): void {
    if (this.#exports.memory.buffer.byteLength > KEPT_BYTES_MAX) this.#exports = instantiate(this.#module);
    const { memory } = this.#exports;
    this.#next = aligned(this.#exports.heapStart());
    const missing = this.#next + bytes - memory.buffer.byteLength;
    // Growing detaches every array, so it happens here and never later.
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
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

function instantiate(module: KernelModule): Exports {
  return new (webAssembly().Instance)(module).exports as Exports;
}

function webAssembly(): WebAssemblyApi {
  return (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}
