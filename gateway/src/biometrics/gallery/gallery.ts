import { RollcallError } from '@rollcall/protocol/errors';
import { compare, type PreparedFinger, prepare } from '../match/compare.js';
import { compareCylinders, prescreenScore } from '../match/cylinder-matcher.js';
import type { Cylinders } from '../match/cylinders.js';
import { localMatcher } from '../match/local-matcher.js';
import { decodeTemplate } from '../template/record.js';
import type { Candidate } from './decide.js';

/** Templates one gallery holds; a building of 5,000 people with three impressions fits with room. */
export const GALLERY_TEMPLATES_MAX = 30_000;
/** Share of templates that pass the prescreen; it keeps 99.8 % of the mates (fingerprint §5). */
const PRESCREEN_SHARE = 0.1;
/** Small galleries are not prescreened below this many templates. */
const PRESCREEN_MIN = 200;
/** Templates that pass the relaxed comparison and are compared with everything there is. */
const FULL_MAX = 60;

interface Entry {
  id: string;
  finger: string;
  /** The compact record; the rest is built again when the entry comes into the last round. */
  record: Uint8Array;
  cylinders: Cylinders;
}

/**
 * Enrolled fingers in memory. A search goes in three rounds: cylinders without relaxation against all, with relaxation
 * against a tenth, everything against the best of those. Every round sorts by score and then by id, so the answer
 * depends on who is enrolled and never on the order in which they were.
 */
export class Gallery {
  readonly #entries = new Map<string, Entry>();
  readonly #limit: number;

  /** `limit` is the number of templates it may hold. */
  constructor(limit = GALLERY_TEMPLATES_MAX) {
    this.#limit = Math.min(limit, GALLERY_TEMPLATES_MAX);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Adds or replaces a template. Throws `GALLERY_FULL`, and `TEMPLATE_INVALID` for a record that is none. */
  add(id: string, finger: string, record: Uint8Array): void {
    if (!this.#entries.has(id) && this.#entries.size >= this.#limit) {
      throw new RollcallError(
        'GALLERY_FULL',
        `The gallery holds ${this.#limit} templates. Limit it to the people of the building`,
      );
    }
    const { skeleton, grid } = decodeTemplate(record);
    const cylinders = localMatcher.prepare({ minutiae: skeleton, grid });
    this.#entries.set(id, { id, finger, record: Uint8Array.from(record), cylinders });
  }

  remove(id: string): boolean {
    return this.#entries.delete(id);
  }

  /** How many different fingers are enrolled: what a decision has to be strict for. */
  get fingers(): number {
    return new Set([...this.#entries.values()].map(({ finger }) => finger)).size;
  }

  /** The fingers that fit best, best first; a finger counts as its best template. */
  search(probe: PreparedFinger, limit = 5): Candidate[] {
    const entries = [...this.#entries.values()];
    const [own] = probe.local;
    const kept = Math.max(PRESCREEN_MIN, Math.ceil(PRESCREEN_SHARE * entries.length));
    const prescreened = best(entries, kept, ({ cylinders }) => prescreenScore(own, cylinders));
    const relaxed = best(prescreened, FULL_MAX, ({ cylinders }) => compareCylinders(own, cylinders));
    const byFinger = new Map<string, number>();
    for (const { finger, record } of relaxed) {
      const score = compare(probe, prepare(decodeTemplate(record)));
      if (score > (byFinger.get(finger) ?? -1)) byFinger.set(finger, score);
    }
    return [...byFinger]
      .map(([finger, score]) => ({ finger, score }))
      .sort((a, b) => b.score - a.score || compareText(a.finger, b.finger))
      .slice(0, limit);
  }
}

/** The entries with the highest scores; all of them, and unscored, when no choice is to be made. */
function best(entries: readonly Entry[], limit: number, score: (entry: Entry) => number): Entry[] {
  if (entries.length <= limit) return [...entries];
  return entries
    .map((entry) => ({ entry, score: score(entry) }))
    .sort((a, b) => b.score - a.score || compareText(a.entry.id, b.entry.id))
    .slice(0, limit)
    .map(({ entry }) => entry);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
