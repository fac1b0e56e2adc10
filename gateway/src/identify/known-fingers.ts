import { hasCode } from '@rollcall/protocol/errors';
import { readFingerRecord } from '@rollcall/protocol/finger-record-read';
import { writeFingerRecord } from '@rollcall/protocol/finger-record-write';
import { decodeTemplate } from '../biometrics/template/record.js';
import { decodeRecordSet } from '../biometrics/template/record-set.js';
import { exportTemplate } from '../biometrics/template/standard-records.js';
import type { KnownFinger } from '../drivers/finger/verifier.js';
import type { Log } from '../log.js';
import type { TemplateSeal } from './template-seal.js';
import type { TemplateStore } from './template-store.js';

/** Templates that are tried after one card; people enroll two fingers. */
export const FINGERS_PER_STUDENT_MAX = 4;
const STANDARD_RECORD = Buffer.from('FMR\0', 'latin1');
/** One compact record, and the impressions of an enrollment. */
const COMPACT_RECORDS = ['RF', 'RS'];

export interface KnownFingersOptions {
  store: Pick<TemplateStore, 'ofStudent'>;
  /** Undefined on a gateway that keeps no fingerprints. */
  seal: TemplateSeal | undefined;
  roster: { readonly templateIds: readonly string[] };
  log: Log;
}

/**
 * The fingers of one student as INCITS 378 records, opened when a card asks for them. Templates that only modules of one
 * maker understand are left out; so is whatever the roster no longer lists.
 */
export class KnownFingers {
  readonly #options: KnownFingersOptions;

  constructor(options: KnownFingersOptions) {
    this.#options = options;
  }

  of(studentRef: string): KnownFinger[] {
    const { store, seal, roster, log } = this.#options;
    if (seal === undefined) return [];
    const listed = new Set(roster.templateIds);
    const known: KnownFinger[] = [];
    for (const template of store.ofStudent(studentRef)) {
      if (!listed.has(template.template_id) || known.length === FINGERS_PER_STUDENT_MAX) continue;
      try {
        const record = toIncits378(seal.open(Buffer.from(template.sealed, 'base64'), template));
        if (record === undefined) continue;
        known.push({ templateId: template.template_id, position: template.finger_position, record });
      } catch (error) {
        if (!hasCode(error, 'SEAL_BROKEN') && !hasCode(error, 'TEMPLATE_INVALID')) throw error;
        log.warn({ err: error, template_id: template.template_id }, 'a template cannot be given to a reader');
      }
    }
    return known;
  }
}

/** Undefined for a template of one maker only. */
function toIncits378(template: Buffer): Uint8Array | undefined {
  if (template.subarray(0, STANDARD_RECORD.length).equals(STANDARD_RECORD)) {
    const { views } = readFingerRecord(template);
    return writeFingerRecord({ views: views.slice(0, 1) }, 'incits378');
  }
  if (!COMPACT_RECORDS.includes(template.toString('latin1', 0, 2))) return undefined;
  // A reader compares with one: the best.
  const [best] = decodeRecordSet(template)
    .map(decodeTemplate)
    .sort((left, right) => right.quality - left.quality);
  return best === undefined ? undefined : exportTemplate(best, 'incits378');
}
