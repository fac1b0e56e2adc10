import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import { notifyLive } from '../marks/notify.js';

export const ENROLLMENT_STATES = ['requested', 'running', 'done', 'failed', 'cancelled', 'expired'] as const;
export type EnrollmentState = (typeof ENROLLMENT_STATES)[number];
export type EndState = Exclude<EnrollmentState, 'requested' | 'running'>;

/** A gateway that does not answer within this time is not going to: nobody stands at its scanner any more. */
export const ANSWER_WITHIN_MS = 2 * 60_000;
/** For each finger; ten captures with a thoughtful pause between them take less. */
export const FINGER_WITHIN_MS = 5 * 60_000;

export interface Ending {
  state: EndState;
  at: Date;
  /** Account, `gateway:<id>`, or null for the system. */
  by: string | null;
  code?: string;
  message?: string;
}

/** Whose enrollment it was, and where. */
export interface Ended {
  id: string;
  studentId: string;
  gatewayId: string;
}

/**
 * Ends what is still live of these; what has ended before stays as it is.
 *
 * @returns those that ended by this
 */
export async function endEnrollments(trx: Knex, ids: readonly string[], ending: Ending): Promise<Ended[]> {
  if (ids.length === 0) return [];
  const { state, at, by, code = null, message = null } = ending;
  const { rows } = await trx.raw<{
    rows: { id: string; student_id: string; gateway_id: string; was: EnrollmentState }[];
  }>(
    `UPDATE enrollment e SET state = ?, ended_at = ?, code = ?, message = ?
     FROM (SELECT id, state FROM enrollment WHERE id = ANY(?::uuid[]) AND ended_at IS NULL ORDER BY id FOR UPDATE) o
     WHERE e.id = o.id RETURNING e.id, e.student_id, e.gateway_id, o.state AS was`,
    [state, at, code, message, ids as never],
  );
  await writeAudit(
    trx,
    rows.map(({ id, student_id: studentId, was }) => ({
      at,
      entityType: 'enrollment',
      entityId: id,
      action: state,
      performedBy: by,
      source: by === null || by.startsWith('gateway:') ? ('system' as const) : ('manual' as const),
      ...(code === null ? {} : { reason: code }),
      before: { state: was },
      after: { state },
      studentId,
    })),
  );
  await notifyLive(trx, { type: 'enrollment', ids: rows.map(({ id }) => id) });
  return rows.map((row) => ({ id: row.id, studentId: row.student_id, gatewayId: row.gateway_id }));
}

/** Notes what nobody carries on. @returns how many */
export async function expireEnrollments(trx: Knex, at: Date): Promise<number> {
  const ids = await trx('enrollment')
    .whereNull('ended_at')
    .where('expires_at', '<=', at)
    .orderBy('id')
    .pluck<string[]>('id');
  const ended = await endEnrollments(trx, ids, {
    state: 'expired',
    at,
    by: null,
    message: 'The gateway did not begin or did not finish in time: see whether it is online, and begin again',
  });
  return ended.length;
}

/**
 * With the consent everything that hangs on it ends; the gateway is refused its next upload.
 *
 * @returns those whose scanners are to be told after the commit, by `stopScanners`
 */
export async function endForStudent(
  trx: Knex,
  studentId: string,
  ending: Omit<Ending, 'state'>,
): Promise<Ended[]> {
  const ids = await trx('enrollment')
    .where({ student_id: studentId })
    .whereNull('ended_at')
    .pluck<string[]>('id');
  return endEnrollments(trx, ids, { ...ending, state: 'cancelled' });
}
