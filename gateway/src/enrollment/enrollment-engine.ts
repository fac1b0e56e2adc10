import { thresholdFor } from '../biometrics/gallery/decide.js';
import { greyImage } from '../biometrics/image/grey-image.js';
import { ThreadedGallery } from '../biometrics/node/threaded-gallery.js';
import { untilAborted } from '../biometrics/node/until-aborted.js';
import type { Quality } from '../biometrics/quality.js';
import type { FingerImage } from '../drivers/finger/sensor.js';
import { ENGINE_FORMATS } from '../identify/engine-records.js';
import { EngineTemplates, type ListedTemplate, studentOf, templateOf } from '../identify/engine-templates.js';
import type { TemplateSeal } from '../identify/template-seal.js';
import type { TemplateStore } from '../identify/template-store.js';
import type { Log } from '../log.js';

/**
 * Points below which a finger is never taken for somebody else's, however few are enrolled. Whoever is refused for it is
 * suspected of fraud; the best of nine comparisons of one finger lies far above (126 in the middle of fcj2020).
 */
const DUPLICATE_POINTS_MIN = 70;
/** Templates that are open in memory at once before they are in the gallery. */
const OPENED_AT_ONCE = 50;

export const hasEngineTemplates = (store: Pick<TemplateStore, 'ofFormat'>): boolean =>
  ENGINE_FORMATS.some((format) => store.ofFormat(format).length > 0);

/** What an enrollment needs of the matching engine; lives as long as one enrollment. */
export interface EnrollmentEngine {
  /** @throws RollcallError `FINGER_UNREADABLE`, `IMAGE_INVALID` */
  extract(image: FingerImage): Promise<{ record: Uint8Array; quality: Quality }>;
  /** Who other than this student has the finger already. */
  otherHolder(
    records: readonly Uint8Array[],
    options: { studentRef: string; signal: AbortSignal },
  ): Promise<string | undefined>;
  /**
   * Resolves once nothing of what has left the store is in memory any more.
   *
   * @throws RollcallError `GALLERY_LOST`, or why it is still there
   */
  forgetOthers(): Promise<void>;
  close(): Promise<void>;
}

export interface GalleryEngineOptions {
  store: TemplateStore;
  seal: TemplateSeal;
  log: Log;
  /** A thread of its own, unless a test has another. */
  gallery?: OwnGallery;
}

type OwnGallery = Pick<ThreadedGallery, 'add' | 'remove' | 'search' | 'extract' | 'close' | 'fingers'>;

/**
 * An engine on a thread of its own, so that nobody at the doors waits for an enrollment. What is enrolled is read into
 * it while the person at the scanner is still busy with the first captures.
 */
export class GalleryEngine implements EnrollmentEngine {
  readonly #templates: EngineTemplates;
  readonly #log: Log;
  readonly #gallery: OwnGallery;
  /** Impressions that the gallery has. */
  readonly #held = new Set<string>();
  readonly #filled: Promise<void>;
  /** Templates that are open beside the gallery are of this portion of the filling. */
  #portion: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor({ store, seal, log, gallery = new ThreadedGallery(1) }: GalleryEngineOptions) {
    this.#templates = new EngineTemplates({ store, seal, log });
    this.#log = log;
    this.#gallery = gallery;
    this.#filled = this.#fill();
    // Told to whoever searches; nobody may have searched yet when it is closed.
    this.#filled.catch(() => undefined);
  }

  extract(image: FingerImage): Promise<{ record: Uint8Array; quality: Quality }> {
    return this.#gallery.extract(greyImage(image));
  }

  async otherHolder(
    records: readonly Uint8Array[],
    { studentRef, signal }: { studentRef: string; signal: AbortSignal },
  ): Promise<string | undefined> {
    await untilAborted(this.#filled, signal);
    // Each impression is searched on its own, and none of them may hit anybody by chance.
    const needed = Math.max(DUPLICATE_POINTS_MIN, thresholdFor(records.length * this.#gallery.fingers));
    for (const record of records) {
      const { ranking } = await this.#gallery.search(record, { signal });
      const other = ranking.find(
        ({ finger, score }) => studentOf(finger) !== studentRef && score >= needed && this.#isListed(finger),
      );
      if (other !== undefined) return studentOf(other.finger);
    }
    return undefined;
  }

  async forgetOthers(): Promise<void> {
    // What is opened later is what the store has then.
    await this.#portion;
    const listed = this.#templates.list();
    for (const id of [...this.#held]) {
      if (listed.has(templateOf(id))) continue;
      await this.#gallery.remove(id);
      this.#held.delete(id);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#gallery.close();
    // What it opened last is not to stay.
    await this.#filled.catch(() => undefined);
  }

  /** It may have left since the gallery was filled: whoever withdrew is named to nobody. */
  #isListed(finger: string): boolean {
    return [...this.#templates.list().values()].some((template) => template.finger === finger);
  }

  async #fill(): Promise<void> {
    const listed = [...this.#templates.list().values()];
    for (let at = 0; at < listed.length && !this.#isClosed; at += OPENED_AT_ONCE) {
      this.#portion = this.#addPortion(listed.slice(at, at + OPENED_AT_ONCE));
      await this.#portion;
    }
  }

  async #addPortion(templates: readonly ListedTemplate[]): Promise<void> {
    for (const [id, { finger, record }] of await this.#templates.read(templates)) {
      if (this.#isClosed) return;
      await this.#add(id, finger, record);
    }
  }

  async #add(id: string, finger: string, record: Uint8Array): Promise<void> {
    try {
      await this.#gallery.add(id, finger, record);
      this.#held.add(id);
    } catch (error) {
      if (this.#isClosed) return;
      this.#log.warn({ err: error, id }, 'an impression was left out of the search for duplicates');
    }
  }
}
