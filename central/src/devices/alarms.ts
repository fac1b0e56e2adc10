import type { ErrorCode } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';

/**
 * The same thing about the same gateway makes one item in this time, however often it happens. It is the same where all
 * of `SAME` are.
 */
const REPEAT_AFTER_MS = 60 * 60_000;

/** What of a detail tells two things apart: the device, the terminal that nobody entered, the people (case 114), its user. */
const SAME = ['type', 'device_id', 'serial', 'student_refs', 'user'];

export interface Alarm {
  code: ErrorCode;
  /** For the human who has to look at it. */
  message: string;
  gatewayId?: string | undefined;
  studentId?: string | undefined;
  detail?: Readonly<Record<string, unknown>>;
  at: Date;
}

/** Puts something before a human, in the caller's transaction. Bounded, since whoever sends can repeat it for ever. */
export async function raiseAlarm(knex: Knex, alarm: Alarm): Promise<void> {
  const { code, message, gatewayId = null, studentId = null, detail = {}, at } = alarm;
  const since = new Date(at.getTime() - REPEAT_AFTER_MS);
  await knex.raw(
    `INSERT INTO exception_item (at, code, message, gateway_id, student_id, detail)
     SELECT :at::timestamptz, :code::text, :message::text, :gatewayId::text, :studentId::uuid, :detail::jsonb
     WHERE NOT EXISTS (
       SELECT FROM exception_item
       WHERE gateway_id IS NOT DISTINCT FROM :gatewayId::text AND code = :code::text AND at > :since::timestamptz
         AND student_id IS NOT DISTINCT FROM :studentId::uuid AND session_id IS NULL AND resolved_at IS NULL
         AND NOT EXISTS (SELECT FROM unnest(:same::text[]) k WHERE detail->k IS DISTINCT FROM (:detail::jsonb)->k))`,
    { at, code, message, gatewayId, studentId, detail: JSON.stringify(detail), since, same: SAME as never },
  );
}
