import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import { isUniqueViolation } from '../db/connection.js';
import type { Knex } from '../db/database.js';
import { tellTerminals } from '../devices/tell-terminals.js';
import { type Ended, endForStudent } from '../enrollment/enrollment-state.js';
import type { Seal } from '../privacy/seal.js';
import { ROSTER_CHANNEL } from '../seed/seed-campus.js';
import { isKnownAdult, type PersonOnDay } from './adult.js';
import { refuseExempt } from './finger-exemptions.js';

export const CONSENT_PURPOSES = ['attendance', 'fingerprint', 'location', 'guardian_messages'] as const;
export type ConsentPurpose = (typeof CONSENT_PURPOSES)[number];

export interface NewConsent {
  studentId: string;
  purpose: ConsentPurpose;
  actor: 'self' | 'guardian';
  guardianId: string | null;
  channel: 'page' | 'paper' | 'office';
  noticeVersion: string;
  /** SHA-256, hex, of the text that was shown. */
  noticeSha256: string;
  language: 'en' | 'te' | 'hi';
}

export interface ConsentActor {
  accountId: string | null;
  nowMs: number;
}

/** @throws RollcallError `ALREADY_EXISTS` where a consent for this purpose is live */
export async function grantConsent(trx: Knex, wanted: NewConsent, actor: ConsentActor): Promise<string> {
  const at = new Date(actor.nowMs);
  const [row] = (await trx('consent')
    .insert({
      student_id: wanted.studentId,
      purpose: wanted.purpose,
      actor: wanted.actor,
      guardian_id: wanted.guardianId,
      channel: wanted.channel,
      notice_version: wanted.noticeVersion,
      notice_sha256: Buffer.from(wanted.noticeSha256, 'hex'),
      language: wanted.language,
      granted_at: at,
      recorded_by: actor.accountId,
    })
    .returning('id')
    .catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error;
      throw new RollcallError('ALREADY_EXISTS', 'A consent for this purpose is in force already', {
        cause: error,
      });
    })) as { id: string }[];
  const { id } = row as { id: string };
  await writeAudit(trx, [
    {
      at,
      entityType: 'consent',
      entityId: id,
      action: 'grant',
      performedBy: actor.accountId,
      after: wanted,
      studentId: wanted.studentId,
    },
  ]);
  return id;
}

/**
 * As easy as giving it. Without consent for fingers their templates are gone at once: the bytes here, and from
 * every gateway (domain F3). What terminals took themselves is put before a person.
 *
 * @returns enrollments that ended with it
 * @throws RollcallError `INVALID_TRANSITION` where it was revoked before
 */
export async function revokeConsent(trx: Knex, id: string, actor: ConsentActor): Promise<Ended[]> {
  const at = new Date(actor.nowMs);
  const [row] = (await trx('consent')
    .where({ id })
    .whereNull('revoked_at')
    .update({ revoked_at: at })
    .returning(['student_id', 'purpose'])) as { student_id: string; purpose: ConsentPurpose }[];
  if (row === undefined) throw new RollcallError('INVALID_TRANSITION', 'This consent was revoked already');
  await writeAudit(trx, [
    {
      at,
      entityType: 'consent',
      entityId: id,
      action: 'revoke',
      performedBy: actor.accountId,
      before: { purpose: row.purpose, revoked_at: null },
      after: { purpose: row.purpose, revoked_at: at },
      studentId: row.student_id,
    },
  ]);
  if (row.purpose !== 'fingerprint') return [];
  const ended = await endForStudent(trx, row.student_id, {
    at,
    by: actor.accountId,
    code: 'CONSENT_MISSING',
  });
  const templates = await trx('attendance_biometric_template')
    .where({ student_id: row.student_id, state: 'active' })
    .pluck<string[]>('id');
  await revokeTemplates(trx, templates, { ...actor, reason: 'consent revoked' });
  await tellTerminals(trx, row.student_id, at);
  return ended;
}

/** Their bytes are destroyed here; gateways are to remove theirs and to say so. */
export async function revokeTemplates(
  trx: Knex,
  ids: readonly string[],
  { accountId, nowMs, reason }: ConsentActor & { reason: string },
): Promise<void> {
  const at = new Date(nowMs);
  const rows = (await trx('attendance_biometric_template')
    .whereIn('id', ids)
    .where({ state: 'active' })
    .update({ state: 'revoked', template_sealed: Buffer.alloc(0) })
    .returning(['id', 'student_id', 'finger_position'])) as {
    id: string;
    student_id: string;
    finger_position: number;
  }[];
  await trx('template_deployment')
    .whereIn('template_id', ids)
    .whereNot({ state: 'removed' })
    .update({ state: 'removing', changed_at: at });
  // A roster without them is built and offered at once.
  await trx.raw("SELECT pg_notify(?, '')", [ROSTER_CHANNEL]);
  await writeAudit(
    trx,
    rows.map((row) => ({
      at,
      entityType: 'attendance_biometric_template',
      entityId: row.id,
      action: 'revoke',
      performedBy: accountId,
      reason,
      before: { state: 'active', finger_position: row.finger_position },
      after: { state: 'revoked', finger_position: row.finger_position },
      studentId: row.student_id,
    })),
  );
}

/**
 * Asked before anything of a finger is taken or stored.
 *
 * @returns the id of the live consent
 * @throws RollcallError `FINGER_EXEMPT` or `CONSENT_MISSING`
 */
export async function requireFingerprintConsent(
  knex: Knex,
  seal: Seal,
  person: PersonOnDay,
): Promise<string> {
  await refuseExempt(knex, person);
  const rows = await knex('consent')
    .where({ student_id: person.studentId, purpose: 'fingerprint' })
    .whereNull('revoked_at')
    .select<{ id: string; actor: 'self' | 'guardian' }[]>('id', 'actor');
  const own = rows.find(({ actor }) => actor === 'self');
  if (own !== undefined) return own.id;
  const [guardians] = rows;
  if (guardians !== undefined && !(await isKnownAdult(knex, seal, person))) return guardians.id;
  throw new RollcallError(
    'CONSENT_MISSING',
    guardians === undefined
      ? 'There is no consent for fingerprints in force: show the notice and record the consent first. A card serves as well'
      : "The student is of age now, and the guardian's consent has ended with that: ask the student. A card serves as well",
  );
}
