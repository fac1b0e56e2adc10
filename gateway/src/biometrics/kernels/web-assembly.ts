/** What of WebAssembly is used; the compiler's own libraries know it only together with the whole browser. */
interface WebAssemblyApi {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
}

export interface ModuleExports {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /** Where the memory that the compiler does not use begins, bytes. */
  heapStart(): number;
}

/** Compiled bytes of `gateway/assembly`; they can be instantiated again and again. */
export type KernelModule = object;

const PAGE_BYTES = 65_536;
/** Vectors are read fastest from multiples of their size. */
const ALIGNMENT_BYTES = 16;

export function compileKernels(bytes: Uint8Array): KernelModule {
  return new (webAssembly().Module)(bytes);
}

/** A memory of its own with the functions that work on it. */
export function instantiate<Exports extends ModuleExports>(module: KernelModule): Exports {
  return new (webAssembly().Instance)(module).exports as Exports;
}

/** Makes the memory at least so large. Growing detaches every array of before. */
export function growTo({ memory }: ModuleExports, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
}

export function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

function webAssembly(): WebAssemblyApi {
  return (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
}
