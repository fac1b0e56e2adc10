import { readFileSync } from 'node:fs';
import type { Kernels } from '../kernels/kernels.js';
import type { SearchKernels } from '../kernels/search-kernels.js';
import { WasmKernels } from '../kernels/wasm-kernels.js';
import { WasmSearch } from '../kernels/wasm-search.js';
import { compileKernels, type KernelModule } from '../kernels/web-assembly.js';

/** Lies beside the compiled library; sources and compiled files are equally deep in the workspace. */
const KERNELS_FILE = new URL('../../../dist/biometrics/kernels.wasm', import.meta.url);
let compiled: KernelModule | undefined;

/** Kernels in WebAssembly with a memory of their own. */
export function loadKernels(): Kernels {
  return new WasmKernels(kernelModule());
}

/** Search kernels in WebAssembly, for one gallery. */
export function loadSearch(): SearchKernels {
  return new WasmSearch(kernelModule());
}

function kernelModule(): KernelModule {
  compiled ??= compileKernels(readFileSync(KERNELS_FILE));
  return compiled;
}
