import { EIGHTH } from '../field/turns.js';
import { FINGER_WORDS } from '../gallery/finger-code.js';
import type { SearchKernels } from './search-kernels.js';
import { LENGTH_FITS, LIKENESS, TURN_FITS } from './search-tables.js';
import { aligned, growTo, instantiate, type KernelModule, type ModuleExports } from './web-assembly.js';

interface Exports extends ModuleExports {
  likenessTableAt(): number;
  lengthFitsAt(): number;
  turnFitsAt(): number;
  eighthsAt(): number;
  codeScores(probe: number, fingers: number, count: number, out: number): void;
  supportScores(...numbers: number[]): void;
}

const FINGER_BYTES = 4 * FINGER_WORDS;
/** A number of a finger to look at, and its score: what lies behind the fingers, bytes per finger. */
const LIST_BYTES = 8;

/** The search kernels in WebAssembly; fingers and tables lie in a memory of their own. */
export class WasmSearch implements SearchKernels {
  readonly id = 'wasm';
  readonly #exports: Exports;
  readonly #start: number;
  #capacity = 0;

  constructor(module: KernelModule) {
    this.#exports = instantiate<Exports>(module);
    this.#start = aligned(this.#exports.heapStart());
    this.reserve(1);
    this.#ints(this.#exports.likenessTableAt(), LIKENESS.length).set(LIKENESS);
    this.#ints(this.#exports.lengthFitsAt(), LENGTH_FITS.length).set(LENGTH_FITS);
    this.#ints(this.#exports.turnFitsAt(), TURN_FITS.length).set(TURN_FITS);
    this.#ints(this.#exports.eighthsAt(), EIGHTH.length).set(EIGHTH);
  }

  reserve(fingers: number): void {
    if (fingers <= this.#capacity) return;
    growTo(this.#exports, this.#start + fingers * (FINGER_BYTES + LIST_BYTES));
    this.#capacity = fingers;
  }

  finger(at: number): Int32Array {
    return this.#ints(this.#start + at * FINGER_BYTES, FINGER_WORDS);
  }

  codeScores(count: number): Int32Array {
    const out = this.#listsAt();
    this.#exports.codeScores(this.#start, this.#start + FINGER_BYTES, count, out);
    return this.#ints(out, count).slice();
  }

  supportScores(fingers: Int32Array): Int32Array {
    const list = this.#listsAt();
    const out = list + 4 * fingers.length;
    this.#ints(list, fingers.length).set(fingers);
    this.#exports.supportScores(this.#start, this.#start, list, fingers.length, out);
    return this.#ints(out, fingers.length).slice();
  }

  #listsAt(): number {
    return this.#start + this.#capacity * FINGER_BYTES;
  }

  #ints(at: number, length: number): Int32Array {
    return new Int32Array(this.#exports.memory.buffer, at, length);
  }
}
