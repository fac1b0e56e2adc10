import { RollcallError } from '@rollcall/protocol/errors';
import { type Candidate, type Decision, decide, decideVerification } from '../gallery/decide.js';
import { FingerCounts } from '../gallery/finger-counts.js';
import { GALLERY_TEMPLATES_MAX, galleryFull } from '../gallery/gallery.js';
import { type Ranked, type Round, searchPlan } from '../gallery/search-plan.js';
import type { GreyImage } from '../image/grey-image.js';
import type { Quality } from '../quality.js';
import type { PackedTemplates, ShardAnswer } from './shard-messages.js';
import { ShardThread } from './shard-thread.js';
import { untilAborted } from './until-aborted.js';

/** Searches that wait or go on; a reader that is told to wait does not send a second finger, so more is a mistake. */
export const SEARCHES_MAX = 32;
/** More threads than this bring nothing on the machines at doors. */
export const THREADS_MAX = 8;

export interface SearchOptions {
  /** Fingers of the people who have class here now. */
  expected?: readonly string[];
  /** Verification 1:1: these fingers of one person, and no others. */
  only?: readonly string[];
  signal?: AbortSignal;
}

export interface ThreadedGalleryOptions {
  /** Whose finger it is, so that two fingers of one person are no rivals. */
  personOf?: (finger: string) => string;
  /** A thread ended by itself: this gallery is of no use any more. Told once. */
  onLost?: (error: RollcallError) => void;
}

export interface SearchResult {
  decision: Decision;
  /** The fingers that fit best. */
  ranking: Candidate[];
}

const RANKING_MAX = 5;

/**
 * A gallery over threads, each with a part of the templates. Nothing here blocks the event loop. Everything happens in the
 * order it was asked for, so that a search sees a gallery that nobody changes, and gives the same on one thread as on
 * many.
 */
export class ThreadedGallery {
  readonly #threads: readonly ShardThread[];
  readonly #counts = new FingerCounts();
  readonly #options: ThreadedGalleryOptions;
  #isClosed = false;
  #last: Promise<unknown> = Promise.resolve();
  #searches = 0;
  #extractions = 0;

  /** @param threadFile what the threads run, where that is another program than the compiled one: one that fails. */
  constructor(threads = 1, options: ThreadedGalleryOptions = {}, threadFile?: URL) {
    const count = Math.min(THREADS_MAX, Math.max(1, threads));
    this.#options = options;
    this.#threads = Array.from(
      { length: count },
      () => new ShardThread((error) => this.#threadEnded(error), threadFile),
    );
  }

  get size(): number {
    return this.#counts.templates;
  }

  get fingers(): number {
    return this.#counts.fingers;
  }

  /** Adds or replaces a template. Throws `GALLERY_FULL`, and `TEMPLATE_INVALID` for a record that is none. */
  add(id: string, finger: string, record: Uint8Array): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#counts.has(id) && this.size >= GALLERY_TEMPLATES_MAX)
        throw galleryFull(GALLERY_TEMPLATES_MAX);
      await this.#threadOf(id).ask({ kind: 'add', id, finger, record });
      this.#counts.set(id, finger);
    });
  }

  /** Adds templates whose codes were made before. Throws `GALLERY_FULL`. */
  store(templates: PackedTemplates): Promise<void> {
    return this.#inTurn(async () => {
      const added = templates.names.filter(({ id }) => !this.#counts.has(id)).length;
      if (this.size + added > GALLERY_TEMPLATES_MAX) throw galleryFull(GALLERY_TEMPLATES_MAX);
      await Promise.all(
        this.#split(templates).map((part, at) => this.#threads[at]?.ask({ kind: 'store', templates: part })),
      );
      for (const { id, finger } of templates.names) this.#counts.set(id, finger);
    });
  }

  /** Whether the template was there; afterwards no thread holds anything of it. */
  remove(id: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const answer = await this.#threadOf(id).ask({ kind: 'remove', id });
      this.#counts.delete(id);
      return answer.kind === 'removed' && answer.wasThere;
    });
  }

  /**
   * Who a probe's record is. Throws `GALLERY_BUSY` when too many searches wait, `TEMPLATE_INVALID` for a record that is
   * none, `GALLERY_LOST`, and the signal's reason when it is aborted.
   */
  async search(probe: Uint8Array, options: SearchOptions = {}): Promise<SearchResult> {
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#searches >= SEARCHES_MAX) {
      throw new RollcallError('GALLERY_BUSY', `${SEARCHES_MAX} searches wait already. Try again in a second`);
    }
    this.#searches += 1;
    const found = this.#inTurn(() => this.#search(probe, options)).finally(() => {
      this.#searches -= 1;
    });
    return signal === undefined ? found : untilAborted(found, signal);
  }

  /**
   * The record and the quality of an image. Does not wait for searches, but for what its thread is doing. Throws
   * `IMAGE_INVALID`, `FINGER_UNREADABLE`, `GALLERY_LOST`, and the signal's reason when it is aborted.
   */
  async extract(image: GreyImage, signal?: AbortSignal): Promise<{ record: Uint8Array; quality: Quality }> {
    signal?.throwIfAborted();
    this.#extractions += 1;
    const thread = this.#threads[this.#extractions % this.#threads.length] as ShardThread;
    const asked = thread.ask({ kind: 'extract', image });
    const answer = await (signal === undefined ? asked : untilAborted(asked, signal));
    if (answer.kind === 'extracted') return { record: answer.record, quality: answer.quality };
    throw new RollcallError('INTERNAL', 'A thread of the gallery answered something else');
  }

  /** Everything that is held, in pieces, for the sealed cache; nothing may be changed meanwhile. */
  async *read(): AsyncGenerator<PackedTemplates> {
    for (const thread of this.#threads) {
      let from: number | undefined = 0;
      while (from !== undefined) {
        const answer: ShardAnswer = await thread.ask({ kind: 'read', from });
        if (answer.kind !== 'read') return;
        if (answer.templates.names.length > 0) yield answer.templates;
        from = answer.next;
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  async #search(probe: Uint8Array, { expected = [], only, signal }: SearchOptions): Promise<SearchResult> {
    signal?.throwIfAborted();
    const { size: templates, fingers } = this;
    await Promise.all(this.#threads.map((thread) => thread.ask({ kind: 'begin', probe })));
    const plan = searchPlan({
      templates,
      fingers,
      expected,
      ...(only === undefined ? {} : { only }),
    });
    let answers: Ranked[][] = [];
    for (;;) {
      signal?.throwIfAborted();
      const step = plan.next(answers);
      if (step.done === true) {
        const { personOf = itself } = this.#options;
        const decision =
          only === undefined
            ? decide(step.value, { fingers, expected, personOf })
            : decideVerification(step.value);
        return { decision, ranking: step.value.slice(0, RANKING_MAX) };
      }
      answers = await this.#round(step.value);
    }
  }

  #round(round: Round): Promise<Ranked[][]> {
    return Promise.all(
      this.#threads.map(async (thread) => {
        const answer = await thread.ask({ kind: 'round', round });
        return answer.kind === 'ranked' ? answer.ranked : [];
      }),
    );
  }

  #threadEnded(error: RollcallError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.onLost?.(error);
  }

  /** After everything that was asked for before, whether that went well or not. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  #threadOf(id: string): ShardThread {
    return this.#threads[hashOf(id) % this.#threads.length] as ShardThread;
  }

  #split({ names, bytes }: PackedTemplates): PackedTemplates[] {
    const parts = this.#threads.map(() => ({
      names: [] as PackedTemplates['names'],
      pieces: [] as Uint8Array[],
    }));
    const codeBytes =
      (bytes.length - names.reduce((sum, { recordBytes }) => sum + recordBytes, 0)) /
      Math.max(1, names.length);
    let at = 0;
    for (const name of names) {
      const part = parts[hashOf(name.id) % parts.length];
      const length = name.recordBytes + codeBytes;
      part?.names.push(name);
      part?.pieces.push(bytes.subarray(at, at + length));
      at += length;
    }
    return parts.map(({ names: own, pieces }) => ({ names: own, bytes: Buffer.concat(pieces) }));
  }
}

const itself = (finger: string): string => finger;

/** FNV-1a: the same thread for the same id, so that replacing and removing find it. */
function hashOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
