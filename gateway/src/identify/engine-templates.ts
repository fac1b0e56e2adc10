import { isRollcallError } from '@rollcall/protocol/errors';
import type { Enrolled } from '../biometrics/node/fill-gallery.js';
import type { Log } from '../log.js';
import { ENGINE_FORMATS, engineRecords } from './engine-records.js';
import type { TemplateSeal } from './template-seal.js';
import type { TemplateStore } from './template-store.js';

/** Templates that are opened before others get their turn: taps of cards must not wait for fingers. */
const OPENED_PER_TURN = 50;

/** One template of the store, without its bytes. */
export interface ListedTemplate {
  templateId: string;
  studentRef: string;
  /** In the gallery; all impressions of one finger have the same. */
  finger: string;
}

export interface EngineTemplatesOptions {
  store: Pick<TemplateStore, 'ofFormat' | 'one'>;
  seal: Pick<TemplateSeal, 'open'>;
  log: Log;
  yieldTurn?: () => Promise<void>;
}

/** The templates of the store that the engine can compare. They are opened in memory only. */
export class EngineTemplates {
  readonly #options: EngineTemplatesOptions;

  constructor(options: EngineTemplatesOptions) {
    this.#options = options;
  }

  list(): Map<string, ListedTemplate> {
    const { store } = this.#options;
    const rows = ENGINE_FORMATS.flatMap((format) => store.ofFormat(format));
    return new Map(
      rows.map(({ template_id, student_ref, finger_position }) => [
        template_id,
        { templateId: template_id, studentRef: student_ref, finger: fingerOf(student_ref, finger_position) },
      ]),
    );
  }

  /** What the gallery takes, by names of its own; a template that cannot be read is logged and left out. */
  async read(templates: Iterable<ListedTemplate>): Promise<Map<string, Enrolled>> {
    const { yieldTurn = turn } = this.#options;
    const records = new Map<string, Enrolled>();
    let opened = 0;
    for (const { templateId, finger } of templates) {
      if (opened > 0 && opened % OPENED_PER_TURN === 0) await yieldTurn();
      opened += 1;
      for (const [at, record] of this.#open(templateId).entries()) {
        records.set(recordId(templateId, at), { finger, record });
      }
    }
    return records;
  }

  /** None of one that is gone by now. */
  #open(templateId: string): Uint8Array[] {
    const { store, seal, log } = this.#options;
    const template = store.one(templateId);
    if (template === undefined) return [];
    try {
      return engineRecords(template.format, seal.open(Buffer.from(template.sealed, 'base64'), template));
    } catch (error) {
      if (!isRollcallError(error)) throw error;
      log.warn(
        { code: error.code, template_id: templateId },
        'a template cannot be compared; enroll the finger again',
      );
      return [];
    }
  }
}

/** What the gallery calls an impression of a template. */
function recordId(templateId: string, impression: number): string {
  return `${templateId}/${impression}`;
}

/** Whose template a record of the gallery is of. */
export function templateOf(id: string): string {
  return id.slice(0, id.lastIndexOf('/'));
}

function fingerOf(studentRef: string, position: number): string {
  return `${studentRef}/${position}`;
}

/** Which finger of that person it is. */
export function positionOf(finger: string): number {
  return Number(finger.slice(finger.lastIndexOf('/') + 1));
}

/** Whose finger it is. */
export function studentOf(finger: string): string {
  return finger.slice(0, finger.lastIndexOf('/'));
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
