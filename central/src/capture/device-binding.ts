import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import type { ProofKind } from './rebind-proof.js';

/** New phones in one academic period that a student binds alone; the next one is the office's (domain case 105). */
const REBINDS_MAX = 2;
/** How students bound phones by themselves; before there was a second factor, with the password alone. */
const OWN_REBINDS = ['password', 'otp'];

export interface Rebind {
  studentId: string;
  /** Keyed hash of the new phone. */
  deviceHash: Buffer;
  accountId: string | null;
  nowMs: number;
  /** Asks for the second factor and takes it; called only where everything else is in order, so that none is wasted. */
  prove(trx: Knex): Promise<ProofKind>;
}

/**
 * Makes another phone the student's; the old one is nobody's from now on. Whoever asks has just given the password.
 *
 * @returns how many times the student may still do so in this academic period
 * @throws RollcallError `REBIND_LIMIT`, `DEVICE_ALREADY_USED` for a phone of another student, or what `prove` refuses
 */
export async function rebindDevice(trx: Knex, request: Rebind): Promise<number> {
  const { studentId, deviceHash, accountId, nowMs, prove } = request;
  // Two requests at once count one after the other.
  await trx('student').where({ id: studentId }).forUpdate().first('id');
  const other = await trx('device_binding')
    .where({ device_hash: deviceHash, ended_at: null })
    .whereNot({ student_id: studentId })
    .first('id');
  if (other !== undefined) {
    throw new RollcallError('DEVICE_ALREADY_USED', 'This phone belongs to another student; use your own');
  }
  const own = await trx('device_binding')
    .where({ student_id: studentId, device_hash: deviceHash, ended_at: null })
    .first('id');
  const periodId = await periodAt(trx, nowMs);
  const used = await countRebinds(trx, studentId, periodId);
  if (own !== undefined) return REBINDS_MAX - used;
  if (used >= REBINDS_MAX) {
    throw new RollcallError(
      'REBIND_LIMIT',
      `You have changed your phone ${REBINDS_MAX} times in this semester; ask the office for another change`,
    );
  }
  const proof = await prove(trx);
  const ended = await endBinding(trx, studentId, nowMs);
  const now = new Date(nowMs);
  await trx('device_binding').insert({
    student_id: studentId,
    device_hash: deviceHash,
    bound_at: now,
    bound_by: 'otp',
    academic_period_id: periodId,
  });
  await writeAudit(trx, [
    {
      at: now,
      entityType: 'device_binding',
      entityId: studentId,
      action: 'rebind',
      performedBy: accountId,
      before: { bound: ended },
      after: { bound: true, proof },
      studentId,
    },
  ]);
  return REBINDS_MAX - used - 1;
}

/** @throws RollcallError `LOGIN_REFUSED` unless this is the phone that is bound to the student now */
export async function refuseOtherPhone(trx: Knex, studentId: string, deviceHash: Buffer): Promise<void> {
  const own = await trx('device_binding')
    .where({ student_id: studentId, device_hash: deviceHash, ended_at: null })
    .first('id');
  if (own !== undefined) return;
  throw new RollcallError(
    'LOGIN_REFUSED',
    'This is not the phone that is bound to you; use that one, or ask the office for a code',
  );
}

export interface Release {
  studentId: string;
  reason: string;
  accountId: string | null;
  nowMs: number;
}

/** Takes the phone of a student away; the next one that scans becomes the student's. */
export async function releaseDevice(trx: Knex, request: Release): Promise<boolean> {
  const { studentId, reason, accountId, nowMs } = request;
  const ended = await endBinding(trx, studentId, nowMs);
  if (!ended) return false;
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: 'device_binding',
      entityId: studentId,
      action: 'release',
      performedBy: accountId,
      reason,
      before: { bound: true },
      after: { bound: false },
      studentId,
    },
  ]);
  return true;
}

async function endBinding(trx: Knex, studentId: string, nowMs: number): Promise<boolean> {
  const ended = await trx('device_binding')
    .where({ student_id: studentId, ended_at: null })
    .update({ ended_at: new Date(nowMs) });
  return ended > 0;
}

/** The academic period of the campus-local day of the instant bound to `?`; null between periods. */
export const PERIOD_AT_SQL = `(
  SELECT id FROM academic_period
  WHERE (?::timestamptz AT TIME ZONE coalesce((SELECT zone FROM campus ORDER BY id LIMIT 1), 'UTC'))::date
    BETWEEN starts_on AND ends_on
  ORDER BY starts_on DESC LIMIT 1)`;

async function periodAt(trx: Knex, nowMs: number): Promise<string | null> {
  const { rows } = await trx.raw<{ rows: { id: string | null }[] }>(`SELECT ${PERIOD_AT_SQL} AS id`, [
    new Date(nowMs),
  ]);
  return rows[0]?.id ?? null;
}

async function countRebinds(trx: Knex, studentId: string, periodId: string | null): Promise<number> {
  const row = await trx('device_binding')
    .where({ student_id: studentId, academic_period_id: periodId })
    .whereIn('bound_by', OWN_REBINDS)
    .count<{ n: number }[]>('* as n')
    .first();
  return Number(row?.n ?? 0);
}

export interface SharedPhone {
  sessionId: string;
  studentId: string;
  reason: string;
  accountId: string | null;
  nowMs: number;
}

/** Lets a student scan with the phone of another one, in one class, for a reason (domain case 104). */
export async function allowSharedPhone(trx: Knex, request: SharedPhone): Promise<void> {
  const { sessionId, studentId, reason, accountId, nowMs } = request;
  const now = new Date(nowMs);
  await trx('shared_device_exception')
    .insert({
      session_id: sessionId,
      student_id: studentId,
      reason,
      allowed_by: accountId,
      allowed_at: now,
    })
    .onConflict(['session_id', 'student_id'])
    .merge(['reason', 'allowed_by', 'allowed_at']);
  await writeAudit(trx, [
    {
      at: now,
      entityType: 'attendance_session',
      entityId: sessionId,
      action: 'allow_shared_phone',
      performedBy: accountId,
      reason,
      after: { shared_phone: true },
      sessionId,
      studentId,
    },
  ]);
}
