import { thresholdFor } from '../biometrics/gallery/decide.js';
import { greyImage } from '../biometrics/image/grey-image.js';
import { ThreadedGallery } from '../biometrics/node/threaded-gallery.js';
import { untilAborted } from '../biometrics/node/until-aborted.js';
import type { Quality } from '../biometrics/quality.js';
import { decodeRecordSet, RECORD_FORMAT } from '../biometrics/template/record-set.js';
import type { FingerImage } from '../drivers/finger/sensor.js';
import type { TemplateSeal } from '../identify/template-seal.js';
import type { TemplateStore } from '../identify/template-store.js';
import type { Log } from '../log.js';

/**
 * Points below which a finger is never taken for somebody else's, however few are enrolled. Whoever is refused for it is
 * suspected of fraud; the best of nine comparisons of one finger lies far above (126 in the middle of fcj2020).
 */
const DUPLICATE_POINTS_MIN = 70;

/** What an enrollment needs of the matching engine; lives as long as one enrollment. */
export interface EnrollmentEngine {
  /** @throws RollcallError `FINGER_UNREADABLE`, `IMAGE_INVALID` */
  extract(image: FingerImage): Promise<{ record: Uint8Array; quality: Quality }>;
  /** Who other than this student has the finger already. */
  otherHolder(
    records: readonly Uint8Array[],
    options: { studentRef: string; signal: AbortSignal },
  ): Promise<string | undefined>;
  close(): Promise<void>;
}

export interface GalleryEngineOptions {
  store: TemplateStore;
  seal: TemplateSeal;
  log: Log;
  /** A thread of its own, unless a test has another. */
  gallery?: OwnGallery;
}

type OwnGallery = Pick<ThreadedGallery, 'add' | 'search' | 'extract' | 'close' | 'fingers'>;

/**
 * An engine on a thread of its own, so that nobody at the doors waits for an enrollment. What is enrolled is read into
 * it while the person at the scanner is still busy with the first captures.
 */
export class GalleryEngine implements EnrollmentEngine {
  readonly #options: GalleryEngineOptions;
  readonly #gallery: OwnGallery;
  readonly #filled: Promise<void>;
  #isClosed = false;

  constructor(options: GalleryEngineOptions) {
    this.#options = options;
    this.#gallery = options.gallery ?? new ThreadedGallery(1);
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
      const other = ranking.find(({ finger, score }) => finger !== studentRef && score >= needed);
      if (other !== undefined) return other.finger;
    }
    return undefined;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#gallery.close();
  }

  /** All fingers of a student are one in this gallery: whose it is matters, not which. */
  async #fill(): Promise<void> {
    const { store, seal, log } = this.#options;
    for (const { template_id: id, student_ref: studentRef } of store.ofFormat(RECORD_FORMAT)) {
      if (this.#isClosed) return;
      const template = store.one(id);
      if (template === undefined) continue;
      try {
        const records = decodeRecordSet(seal.open(Buffer.from(template.sealed, 'base64'), template));
        for (const [at, record] of records.entries())
          await this.#gallery.add(`${id}/${at}`, studentRef, record);
      } catch (error) {
        if (this.#isClosed) return;
        log.warn({ err: error, template_id: id }, 'a template was left out of the search for duplicates');
      }
    }
  }
}
