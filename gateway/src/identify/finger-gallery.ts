import { RollcallError } from '@rollcall/protocol/errors';
import type { TemplateSeal } from './template-seal.js';
import type { TemplateStore } from './template-store.js';

export interface GalleryEntry {
  readonly templateId: string;
  readonly studentRef: string;
}

/** The templates that this gateway may hold, as opaque records. */
export interface FingerGallery {
  /** Undefined while nothing is known of it, which is another thing than nothing. */
  allowed(): ReadonlySet<string> | undefined;
  /** Whether it counts: one that was withdrawn does not, from the moment that is known. */
  has(templateId: string): boolean;
  /** Which finger it is of, ISO/IEC 19794-2; undefined for one that does not count. */
  positionOf(templateId: string): number | undefined;
  /** What is here of one format, in the order in which they are to have slots when there are too few. */
  entries(format: string): readonly GalleryEntry[];
  /** @throws RollcallError `TEMPLATE_INVALID` for one that is not here, `SEAL_BROKEN` for one that does not open. */
  read(templateId: string): Uint8Array;
}

export interface RosterGalleryOptions {
  store: TemplateStore;
  /** Undefined on a gateway that keeps no fingerprints. */
  seal: TemplateSeal | undefined;
  roster: { readonly version: number; readonly templateIds: readonly string[] };
}

/** What the roster lists and has come; opened one at a time, in memory only. */
export class RosterGallery implements FingerGallery {
  readonly #options: RosterGalleryOptions;

  constructor(options: RosterGalleryOptions) {
    this.#options = options;
  }

  allowed(): ReadonlySet<string> | undefined {
    const { seal, roster } = this.#options;
    return seal === undefined || roster.version === 0 ? undefined : new Set(roster.templateIds);
  }

  /** What a roster does not list leaves the store before that roster is in force. */
  has(templateId: string): boolean {
    return this.#options.store.one(templateId) !== undefined;
  }

  positionOf(templateId: string): number | undefined {
    return this.#options.store.one(templateId)?.finger_position;
  }

  entries(format: string): GalleryEntry[] {
    return this.#options.store
      .ofFormat(format)
      .map(({ template_id, student_ref }) => ({ templateId: template_id, studentRef: student_ref }));
  }

  read(templateId: string): Uint8Array {
    const { store, seal } = this.#options;
    const template = store.one(templateId);
    if (template === undefined || seal === undefined) {
      throw new RollcallError('TEMPLATE_INVALID', `Template ${templateId} is not here any more`);
    }
    return seal.open(Buffer.from(template.sealed, 'base64'), template);
  }
}
