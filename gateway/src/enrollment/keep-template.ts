import { randomUUID } from 'node:crypto';
import { type Clock, delay } from '@rollcall/protocol/clock';
import { hasCode } from '@rollcall/protocol/errors';
import type { TemplateSeal } from '../identify/template-seal.js';
import type { CentralAccess, JsonRequest } from './send-json.js';

/** A template is in memory only: central may be away for this long before a person has to begin again. */
const TRIES = 10;
const RETRY_MS = 3_000;

export interface TakenFinger {
  enrollmentId: string;
  studentRef: string;
  fingerPosition: number;
  format: string;
  record: Uint8Array;
  /** 0..100; null where the module does not tell it. */
  quality: number | null;
}

/** Keeps what was taken; gives the id under which it is kept. */
export type KeepTemplate = (finger: TakenFinger, signal: AbortSignal) => Promise<string>;

export interface KeepTemplateOptions {
  seal: TemplateSeal;
  clock: Clock;
  access: CentralAccess;
  send(access: CentralAccess, request: JsonRequest): Promise<unknown>;
}

/**
 * Seals a template for the gateways of the campus and leaves it with central, which can neither read nor match it.
 *
 * @returns a function that throws what central refuses with: `ENROLLMENT_ENDED`, `CONSENT_MISSING`; `LINK_DOWN`
 */
export function createKeepTemplate({ seal, clock, access, send }: KeepTemplateOptions): KeepTemplate {
  return async (finger, signal) => {
    const template_id = randomUUID();
    const place = {
      template_id,
      student_ref: finger.studentRef,
      finger_position: finger.fingerPosition,
      format: finger.format,
    };
    const body = {
      student_ref: place.student_ref,
      finger_position: place.finger_position,
      format: place.format,
      sealed: seal.seal(finger.record, place).toString('base64'),
      quality_score: finger.quality === null ? null : finger.quality / 100,
      enrollment: finger.enrollmentId,
    };
    for (let attempt = 1; ; attempt += 1) {
      try {
        // The same id each time: what came through without an answer is not stored twice.
        await send(access, { method: 'PUT', path: `templates/${template_id}/`, body, signal });
        return template_id;
      } catch (error) {
        if (!hasCode(error, 'LINK_DOWN') || attempt === TRIES) throw error;
        await delay(clock, RETRY_MS, signal);
      }
    }
  };
}
