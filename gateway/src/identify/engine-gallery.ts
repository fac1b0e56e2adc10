import type { Clock } from '@rollcall/protocol/clock';
import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import { GALLERY_TEMPLATES_MAX } from '../biometrics/gallery/gallery.js';
import { type CacheFile, type Enrolled, fillGallery } from '../biometrics/node/fill-gallery.js';
import type { ThreadedGallery, ThreadedGalleryOptions } from '../biometrics/node/threaded-gallery.js';
import type { Log } from '../log.js';
import { EngineCache } from './engine-cache.js';
import { whatFits } from './engine-room.js';
import { type EngineTemplates, type ListedTemplate, studentOf, templateOf } from './engine-templates.js';

/** Threads that ended are started again after this long; twice as long after each time that does not help. */
const RESTART_FIRST_MS = 1_000;
const RESTART_MAX_MS = 300_000;

export type EngineThreads = Pick<
  ThreadedGallery,
  'add' | 'store' | 'remove' | 'read' | 'search' | 'extract' | 'close' | 'size' | 'fingers'
>;

export type GalleryState = 'filling' | 'ready' | 'lost';

export interface EngineGalleryOptions {
  templates: Pick<EngineTemplates, 'list' | 'read'>;
  open(options: Required<ThreadedGalleryOptions>): EngineThreads;
  cache: CacheFile;
  clock: Clock;
  log: Log;
  /** Records that there is room for. */
  limit?: number;
  /** What keeps fingers from being compared, all or some; undefined when nothing does. */
  onProblem(problem: RollcallError | undefined): void;
  /** State or size are others. */
  onChange(): void;
}

/**
 * Keeps a gallery over threads equal to the templates of the store: filled at the start in the background, changed with
 * each roster, opened again when a thread ends. What leaves the store counts no more from that moment on.
 */
export class EngineGallery {
  readonly #options: EngineGalleryOptions;
  readonly #cache: EngineCache;
  readonly #limit: number;
  #threads: EngineThreads | undefined;
  #state: GalleryState = 'filling';
  /** What is in the gallery, or on its way there. */
  #held = new Map<string, ListedTemplate>();
  #fingers = new Map<string, Set<string>>();
  /** By template, the records that the gallery has or is getting of it. */
  readonly #records = new Map<string, string[]>();
  /** Records that still have to leave the memory of the threads. */
  readonly #leaving = new Set<string>();
  #running = Promise.resolve();
  #isRunning = false;
  #mustRunAgain = false;
  /** Templates without room. */
  #left = 0;
  #isStopped = false;
  #restarts = 0;
  #cancelRestart: (() => void) | undefined;

  constructor(options: EngineGalleryOptions) {
    const { cache: file, clock, log, limit = GALLERY_TEMPLATES_MAX } = options;
    this.#options = options;
    this.#limit = limit;
    this.#cache = new EngineCache({ file, clock, log, onDue: () => this.#run() });
  }

  get state(): GalleryState {
    return this.#state;
  }

  get templates(): number {
    return this.#records.size;
  }

  get fingers(): number {
    return this.#threads?.fingers ?? 0;
  }

  /** Something that the store has no more is still in the memory of a thread. */
  get holdsOthers(): boolean {
    return this.#leaving.size > 0;
  }

  /** @throws RollcallError `GALLERY_FILLING`, `GALLERY_LOST` */
  get ready(): EngineThreads {
    if (this.#threads !== undefined && this.#state === 'ready') return this.#threads;
    throw this.#state === 'lost'
      ? new RollcallError(
          'GALLERY_LOST',
          'The threads that compare fingers ended and are being started again',
        )
      : new RollcallError(
          'GALLERY_FILLING',
          'The fingers that this gateway compares with are still being loaded. Use the card, or try again in a minute',
        );
  }

  fingersOf(studentRef: string): readonly string[] {
    return [...(this.#fingers.get(studentRef) ?? [])];
  }

  start(): void {
    this.#run();
  }

  /** Templates came into the store. */
  templatesCame(): void {
    this.#run();
  }

  /** Templates left the store: when this returns nobody is recognized by them, and no file has them. */
  templatesLeft(): void {
    const listed = this.#options.templates.list();
    for (const id of [...this.#held.keys()].filter((held) => !listed.has(held))) this.#withdraw(id);
    this.#index();
    this.#cache.erase();
    this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelRestart?.();
    this.#cache.stop();
    await this.#threads?.close();
    await this.#running;
  }

  #withdraw(templateId: string): void {
    this.#held.delete(templateId);
    for (const id of this.#records.get(templateId) ?? []) this.#leaving.add(id);
    this.#records.delete(templateId);
  }

  #index(): void {
    const fingers = new Map<string, Set<string>>();
    for (const { studentRef, finger } of this.#held.values()) {
      const own = fingers.get(studentRef);
      if (own === undefined) fingers.set(studentRef, new Set([finger]));
      else own.add(finger);
    }
    this.#fingers = fingers;
  }

  #run(): void {
    this.#mustRunAgain = true;
    if (!this.#isRunning) this.#running = this.#work();
  }

  async #work(): Promise<void> {
    this.#isRunning = true;
    while (this.#mustRunAgain && !this.#isStopped && this.#cancelRestart === undefined) {
      this.#mustRunAgain = false;
      let threads = this.#threads;
      try {
        if (threads === undefined) {
          threads = this.#open();
          await this.#fill(threads);
        }
        await this.#bringUpToDate(threads);
      } catch (error) {
        this.#lose(threads, error);
      }
    }
    this.#isRunning = false;
  }

  async #bringUpToDate(threads: EngineThreads): Promise<void> {
    const { log, onChange, onProblem } = this.#options;
    const left = this.#left;
    const removed = await this.#removeLeaving(threads);
    const added = await this.#addMissing(threads);
    // Lost while templates were opened: what was added is not there.
    if (this.#threads !== threads) return;
    if (removed + added > 0) {
      const { templates, fingers } = this;
      log.info({ added, removed, templates, fingers }, 'the fingers that can be compared are others');
      this.#cache.plan(threads.size);
    }
    if (this.#state !== 'ready' || removed + added > 0 || this.#left !== left) {
      this.#state = 'ready';
      this.#restarts = 0;
      onProblem(this.#left > 0 ? tooMany(this.#left, this.#limit) : undefined);
      onChange();
    }
    await this.#cache.writeIfDue(threads, () => this.#isStopped || this.#leaving.size > 0);
  }

  #open(): EngineThreads {
    const threads = this.#options.open({
      personOf: studentOf,
      onLost: (error) => this.#lose(threads, error),
    });
    this.#threads = threads;
    return threads;
  }

  async #fill(threads: EngineThreads): Promise<void> {
    const { templates, cache, clock, log } = this.#options;
    const startedMs = clock.monoMs();
    const enrolled = await this.#take(threads, templates.list());
    const { cached, made, cacheError } = await fillGallery(threads, enrolled, cache);
    if (cacheError !== undefined)
      log.info({ code: cacheError.code, err: cacheError }, 'codes of fingers were made anew');
    const took = { cached, made, ms: Math.round(clock.monoMs() - startedMs) };
    log.info({ templates: this.templates, fingers: threads.fingers, ...took }, 'fingers can be compared');
  }

  async #removeLeaving(threads: EngineThreads): Promise<number> {
    const leaving = [...this.#leaving];
    for (const id of leaving) {
      await threads.remove(id);
      this.#leaving.delete(id);
    }
    // Filling may have written them once more.
    if (leaving.length > 0) this.#cache.erase();
    return leaving.length;
  }

  async #addMissing(threads: EngineThreads): Promise<number> {
    const listed = [...this.#options.templates.list()].filter(([id]) => !this.#held.has(id));
    const records = await this.#take(threads, new Map(listed));
    for (const [id, { finger, record }] of records) {
      // It may have been withdrawn since it was read.
      if (!this.#held.has(templateOf(id))) continue;
      await threads.add(id, finger, record);
    }
    return records.size;
  }

  /** What has to leave the threads still takes its place there. */
  get #room(): number {
    const held = [...this.#records.values()].reduce((sum, { length }) => sum + length, 0);
    return this.#limit - held - this.#leaving.size;
  }

  /**
   * Opens templates and holds them from now on, as many as there is room for with all their records. The others are tried
   * again with every change: something may have left.
   */
  async #take(threads: EngineThreads, listed: ReadonlyMap<string, ListedTemplate>) {
    const { templates } = this.#options;
    // Each has a record at least: more of them are not opened for nothing.
    const tried = [...listed.values()].slice(0, Math.max(0, this.#room));
    const enrolled = await templates.read(tried);
    // Lost meanwhile: the next threads take everything themselves.
    if (this.#threads !== threads) throw new RollcallError('GALLERY_LOST', 'The threads ended meanwhile');
    const present = templates.list();
    const { fitting, left } = whatFits(
      tried.filter(({ templateId }) => present.has(templateId)),
      enrolled.keys(),
      this.#room,
    );
    const kept = new Map<string, Enrolled>();
    for (const [template, records] of fitting) {
      this.#held.set(template.templateId, template);
      if (records.length > 0) this.#records.set(template.templateId, records);
      for (const id of records) kept.set(id, enrolled.get(id) as Enrolled);
    }
    this.#index();
    this.#left = listed.size - tried.length + left;
    return kept;
  }

  /** The memory of the threads is gone with them: everything begins again. */
  #lose(threads: EngineThreads | undefined, error: unknown): void {
    // What fails of threads that were given up before is no news.
    if (this.#isStopped || this.#threads !== threads) return;
    const { clock, log, onProblem, onChange } = this.#options;
    void threads?.close();
    this.#threads = undefined;
    this.#state = 'lost';
    this.#held.clear();
    this.#records.clear();
    this.#leaving.clear();
    this.#index();
    this.#left = 0;
    this.#cache.stop();
    const problem = isRollcallError(error)
      ? error
      : new RollcallError('GALLERY_LOST', 'The gallery of fingers failed', { cause: error });
    const retryInMs = Math.min(RESTART_MAX_MS, RESTART_FIRST_MS * 2 ** this.#restarts);
    this.#restarts += 1;
    log.error({ code: problem.code, err: problem, retryInMs }, 'fingers cannot be compared for now');
    onProblem(new RollcallError('GALLERY_LOST', problem.message, { cause: problem }));
    this.#cancelRestart = clock.after(retryInMs, () => {
      this.#cancelRestart = undefined;
      this.#run();
    });
    onChange();
  }
}

function tooMany(left: number, limit: number): RollcallError {
  return new RollcallError(
    'GALLERY_FULL',
    `${left} templates found no room among ${limit} impressions; their fingers are not recognized here`,
  );
}
