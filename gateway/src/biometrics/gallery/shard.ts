import { RollcallError } from '@rollcall/protocol/errors';
import type { SearchKernels } from '../kernels/search-kernels.js';
import { compare, type PreparedFinger, prepare } from '../match/compare.js';
import { decodeTemplate } from '../template/record.js';
import { FINGER_WORDS, fingerCode } from './finger-code.js';
import { compareRanked, type Ranked, type Round } from './search-plan.js';

/** What a shard keeps of a template; `code` is what takes time to make, and may be kept in a sealed cache. */
export interface StoredTemplate {
  id: string;
  finger: string;
  /** The compact record. */
  record: Uint8Array;
  /** FINGER_WORDS words. */
  code: Int32Array;
}

/** Room is made for this many more templates at once. */
const GROWTH_SHARE = 0.125;
const GROWTH_MIN = 64;

/** A part of a gallery, in one thread: codes in the memory of the kernels, one after the other, and records beside them. */
export class Shard {
  readonly #kernels: SearchKernels;
  readonly #places = new Map<string, number>();
  readonly #ids: string[] = [];
  readonly #fingers: string[] = [];
  readonly #records: Uint8Array[] = [];
  #room = 0;
  #probe: PreparedFinger | undefined;

  constructor(kernels: SearchKernels) {
    this.#kernels = kernels;
  }

  get size(): number {
    return this.#ids.length;
  }

  has(id: string): boolean {
    return this.#places.has(id);
  }

  /** Adds or replaces a template. Throws `TEMPLATE_INVALID` for a record that is none. */
  add(id: string, finger: string, record: Uint8Array): void {
    const template = decodeTemplate(record);
    this.store({ id, finger, record, code: fingerCode(template, prepare(template)) });
  }

  /** Adds or replaces a template whose code was made before. */
  store({ id, finger, record, code }: StoredTemplate): void {
    const place = this.#places.get(id) ?? this.#ids.length;
    if (place >= this.#room) this.#grow();
    this.#places.set(id, place);
    this.#ids[place] = id;
    this.#fingers[place] = finger;
    this.#records[place] = Uint8Array.from(record);
    this.#kernels.finger(place + 1).set(code);
  }

  remove(id: string): boolean {
    const place = this.#places.get(id);
    if (place === undefined) return false;
    const last = this.#ids.length - 1;
    const moved = this.#ids[last]!;
    this.#kernels.finger(place + 1).set(this.#kernels.finger(last + 1));
    // Nothing of a removed finger stays behind in memory.
    this.#kernels.finger(last + 1).fill(0);
    this.#records[place]!.fill(0);
    this.#ids[place] = moved;
    this.#fingers[place] = this.#fingers[last]!;
    this.#records[place] = this.#records[last]!;
    this.#places.set(moved, place);
    this.#places.delete(id);
    for (const list of [this.#ids, this.#fingers, this.#records]) list.pop();
    return true;
  }

  /** The template at a place, 0..size-1; places change when templates are removed. */
  at(place: number): StoredTemplate {
    return {
      id: this.#ids[place]!,
      finger: this.#fingers[place]!,
      record: this.#records[place]!,
      code: this.#kernels.finger(place + 1),
    };
  }

  /** The finger that the next rounds are about. */
  begin(probe: Uint8Array): void {
    const template = decodeTemplate(probe);
    this.#probe = prepare(template);
    this.#kernels.reserve(this.#room + 1);
    this.#kernels.finger(0).set(fingerCode(template, this.#probe));
  }

  /** This shard's part of a round, at most as many as are asked for. */
  answer(round: Round): Ranked[] {
    switch (round.kind) {
      case 'all':
        return this.#ids.map((_, at) => this.#ranked(at, 0));
      case 'expected': {
        const wanted = new Set(round.fingers);
        const places = [...this.#fingers.keys()].filter((at) => wanted.has(this.#fingers[at]!));
        return this.#supported(places, round.limit);
      }
      case 'codes':
        return this.#best(this.#kernels.codeScores(this.size), round.limit);
      case 'support':
        return this.#supported(this.#placesOf(round.ids), round.limit);
      case 'compare':
        return this.#placesOf(round.ids).map((at) => this.#ranked(at, this.#compared(at)));
    }
  }

  #supported(places: number[], limit: number): Ranked[] {
    const scores = this.#kernels.supportScores(Int32Array.from(places, (at) => at + 1));
    return places
      .map((at, index) => this.#ranked(at, scores[index]!))
      .sort(compareRanked)
      .slice(0, limit);
  }

  /** Everything below the limit-th best score falls out before anything is sorted. */
  #best(scores: Int32Array, limit: number): Ranked[] {
    const least = scores.length <= limit ? 0 : (Int32Array.from(scores).sort().at(-limit) ?? 0);
    const found: Ranked[] = [];
    for (let at = 0; at < scores.length; at += 1) {
      if (scores[at]! >= least) found.push(this.#ranked(at, scores[at]!));
    }
    return found.sort(compareRanked).slice(0, limit);
  }

  #compared(at: number): number {
    if (this.#probe === undefined) throw new RollcallError('INTERNAL', 'A round began before its search');
    return compare(this.#probe, prepare(decodeTemplate(this.#records[at]!)));
  }

  #placesOf(ids: readonly string[]): number[] {
    return ids.flatMap((id) => this.#places.get(id) ?? []);
  }

  #ranked(at: number, score: number): Ranked {
    return { id: this.#ids[at]!, finger: this.#fingers[at]!, score };
  }

  #grow(): void {
    this.#room += Math.max(GROWTH_MIN, Math.ceil(this.#room * GROWTH_SHARE));
    this.#kernels.reserve(this.#room + 1);
  }
}

/** Bytes of a template's code in memory. */
export const CODE_BYTES = 4 * FINGER_WORDS;
