import { randomInt } from 'node:crypto';
import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import { hashPassword, isPassword } from '../auth/password.js';
import type { Knex } from '../db/database.js';

/** Time to walk from the counter of the office to a quiet place. */
export const REBIND_CODE_MS = 15 * 60_000;
/** Read over the counter: without the letters and digits that look alike. 32^8 codes. */
const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';
const CODE_CHARACTERS = 8;

export interface CodeRequest {
  studentId: string;
  reason: string;
  accountId: string | null;
  nowMs: number;
}

/**
 * A code with which the student binds a new phone or enrolls an authenticator application, once (domain case 105).
 * An earlier one is worth nothing from now on.
 *
 * @returns the code, which is nowhere else
 */
export async function issueRebindCode(trx: Knex, request: CodeRequest): Promise<string> {
  const { studentId, reason, accountId, nowMs } = request;
  const code = Array.from({ length: CODE_CHARACTERS }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  const expiresAt = new Date(nowMs + REBIND_CODE_MS);
  await trx('rebind_code')
    .insert({ student_id: studentId, code_hash: await hashPassword(code), expires_at: expiresAt })
    .onConflict('student_id')
    .merge();
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: 'rebind_code',
      entityId: studentId,
      action: 'issue',
      performedBy: accountId,
      reason,
      after: { expires_at: expiresAt.toISOString() },
      studentId,
    },
  ]);
  return code;
}

export interface GivenCode {
  studentId: string;
  code: string;
  accountId: string | null;
  nowMs: number;
}

/** Takes the code, once. @throws RollcallError `LOGIN_REFUSED` for one that is wrong, too old, or was used */
export async function spendRebindCode(trx: Knex, given: GivenCode): Promise<void> {
  const { studentId, code, accountId, nowMs } = given;
  const now = new Date(nowMs);
  const issued = await trx('rebind_code')
    .where({ student_id: studentId })
    .forUpdate()
    .first<{ code_hash: string; expires_at: Date } | undefined>('code_hash', 'expires_at');
  const isRight = await isPassword(issued?.code_hash, code.toUpperCase());
  if (issued === undefined || !isRight || issued.expires_at <= now) {
    throw new RollcallError(
      'LOGIN_REFUSED',
      'This code of the office is not right, too old, or was used before; ask the office for another one',
    );
  }
  await trx('rebind_code').where({ student_id: studentId }).delete();
  await writeAudit(trx, [
    {
      at: now,
      entityType: 'rebind_code',
      entityId: studentId,
      action: 'use',
      performedBy: accountId,
      studentId,
    },
  ]);
}
