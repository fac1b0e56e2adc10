import { RollcallError } from '@rollcall/protocol/errors';
import { PlainSearch } from '../kernels/plain-search.js';
import type { SearchKernels } from '../kernels/search-kernels.js';
import type { Candidate } from './decide.js';
import { FingerCounts } from './finger-counts.js';
import { type Ranked, searchPlan } from './search-plan.js';
import { Shard } from './shard.js';

/** Templates one gallery holds; a building of 5,000 people with three impressions fits with room. */
export const GALLERY_TEMPLATES_MAX = 30_000;

/** Enrolled fingers in memory, searched in the thread that asks. For doors with many people there are worker threads. */
export class Gallery {
  readonly #shard: Shard;
  readonly #counts = new FingerCounts();
  readonly #limit: number;

  /** `limit` is the number of templates it may hold. */
  constructor(limit = GALLERY_TEMPLATES_MAX, kernels: SearchKernels = new PlainSearch()) {
    this.#limit = Math.min(limit, GALLERY_TEMPLATES_MAX);
    this.#shard = new Shard(kernels);
  }

  get size(): number {
    return this.#shard.size;
  }

  /** Adds or replaces a template. Throws `GALLERY_FULL`, and `TEMPLATE_INVALID` for a record that is none. */
  add(id: string, finger: string, record: Uint8Array): void {
    if (!this.#shard.has(id) && this.size >= this.#limit) throw galleryFull(this.#limit);
    this.#shard.add(id, finger, record);
    this.#counts.set(id, finger);
  }

  remove(id: string): boolean {
    this.#counts.delete(id);
    return this.#shard.remove(id);
  }

  /** How many different fingers are enrolled: what a decision has to be strict for. */
  get fingers(): number {
    return this.#counts.fingers;
  }

  /** The fingers that fit a probe's record best, best first; a finger counts as its best template. */
  search(probe: Uint8Array, options: { limit?: number; expected?: readonly string[] } = {}): Candidate[] {
    const { limit = 5, expected = [] } = options;
    this.#shard.begin(probe);
    const plan = searchPlan({ templates: this.size, fingers: this.fingers, expected });
    let answers: Ranked[][] = [];
    for (;;) {
      const step = plan.next(answers);
      if (step.done === true) return step.value.slice(0, limit);
      answers = [this.#shard.answer(step.value)];
    }
  }
}

export function galleryFull(limit: number): RollcallError {
  return new RollcallError(
    'GALLERY_FULL',
    `The gallery holds ${limit} templates. Limit it to the people of the building`,
  );
}
