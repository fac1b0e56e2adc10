import type { Clock } from '@rollcall/protocol/clock';
import { isRollcallError } from '@rollcall/protocol/errors';
import type { CacheFile, FillableGallery } from '../biometrics/node/fill-gallery.js';
import { eraseGalleryCache, writeGalleryCache } from '../biometrics/node/gallery-cache.js';
import type { PackedTemplates } from '../biometrics/node/shard-messages.js';
import type { Log } from '../log.js';

/** Without a change for so long, and longer for a large gallery: one enrollment must not write a whole campus to disk. */
const QUIET_MS = 10_000;
const QUIET_MS_PER_RECORD = 100;

export interface EngineCacheOptions {
  file: CacheFile;
  clock: Clock;
  log: Log;
  /** It wants to be written, when nothing else is done to the gallery. */
  onDue(): void;
}

/** When the sealed file of a gallery is written, and that it is gone when something left the gallery. */
export class EngineCache {
  readonly #options: EngineCacheOptions;
  #cancel: (() => void) | undefined;
  #isDue = false;

  constructor(options: EngineCacheOptions) {
    this.#options = options;
  }

  /** The gallery has changed and has so many records now. */
  plan(records: number): void {
    const { clock, onDue } = this.#options;
    this.stop();
    this.#cancel = clock.after(QUIET_MS + QUIET_MS_PER_RECORD * records, () => {
      this.#isDue = true;
      onDue();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#isDue = false;
  }

  erase(): void {
    eraseGalleryCache(this.#options.file.path);
  }

  /**
   * Gives up as soon as what is written is out of date: what must go is not written down once more.
   *
   * @throws RollcallError `GALLERY_LOST`
   */
  async writeIfDue(gallery: Pick<FillableGallery, 'read'>, isOutOfDate: () => boolean): Promise<void> {
    if (!this.#isDue) return;
    this.#isDue = false;
    const { file, log } = this.#options;
    try {
      await writeGalleryCache(file.path, file.secret, unless(isOutOfDate, gallery.read()));
      log.debug('the cache of the gallery is written');
    } catch (error) {
      if (isOutOfDate()) return;
      if (isRollcallError(error)) throw error;
      log.warn({ err: error }, 'the cache of the gallery could not be written; the next start takes longer');
    }
  }
}

async function* unless(
  isOutOfDate: () => boolean,
  pieces: AsyncIterable<PackedTemplates>,
): AsyncGenerator<PackedTemplates> {
  for await (const piece of pieces) {
    if (isOutOfDate()) throw new Error('the gallery has changed');
    yield piece;
  }
}
