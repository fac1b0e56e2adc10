import { readFileSync } from 'node:fs';
import type { Kernels } from '../kernels/kernels.js';
import { compileKernels, type KernelModule, WasmKernels } from '../kernels/wasm-kernels.js';

/** Lies beside the compiled library; sources and compiled files are equally deep in the workspace. */
const KERNELS_FILE = new URL('../../../dist/biometrics/kernels.wasm', import.meta.url);
let compiled: KernelModule | undefined;

/** Kernels in WebAssembly with a memory of their own. */
export function loadKernels(): Kernels {
  compiled ??= compileKernels(readFileSync(KERNELS_FILE));
  return new WasmKernels(compiled);
}
