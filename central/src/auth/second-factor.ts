import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import type { Seal } from '../privacy/seal.js';
import { factorUri, newFactorSecret, stepOfCode } from './one-time-password.js';

/** A secret that nobody confirmed by then may have been read by somebody else in passing. */
const UNCONFIRMED_MS = 15 * 60_000;

/** Whose factor it is. */
export interface FactorOwner {
  accountId: string;
  studentId: string;
}

export interface FactorContext {
  seal: Seal;
  nowMs: number;
}

interface FactorRow {
  secret_sealed: Buffer;
  enrolled_at: Date;
  confirmed_at: Date | null;
  last_step: number | null;
}

export interface Enrolled {
  /** With the secret: shown to the person once, kept nowhere but sealed. */
  uri: string;
  /** Until then a code has to confirm it. */
  expiresMs: number;
}

/**
 * Makes the secret of an authenticator application; it counts from its confirmation on.
 *
 * @throws RollcallError `ALREADY_EXISTS` where there is a confirmed one: the office removes it first
 */
export async function enrollFactor(
  trx: Knex,
  owner: FactorOwner & { login: string },
  { seal, nowMs }: FactorContext,
): Promise<Enrolled> {
  const { accountId, login } = owner;
  const secret = newFactorSecret();
  const now = new Date(nowMs);
  const { rows } = await trx.raw<{ rows: object[] }>(
    `INSERT INTO second_factor (account_id, secret_sealed, enrolled_at) VALUES (?::uuid, ?, ?::timestamptz)
     ON CONFLICT (account_id) DO UPDATE
       SET secret_sealed = excluded.secret_sealed, enrolled_at = excluded.enrolled_at, last_step = NULL
       WHERE second_factor.confirmed_at IS NULL
     RETURNING account_id`,
    [accountId, seal.seal(secret, placeOf(accountId)), now],
  );
  if (rows.length === 0) {
    throw new RollcallError(
      'ALREADY_EXISTS',
      'You have an authenticator application already; if it is lost, the office removes it',
    );
  }
  await audit(trx, { owner, action: 'enroll', performedBy: accountId, now });
  return { uri: factorUri(secret, login), expiresMs: nowMs + UNCONFIRMED_MS };
}

/** A first code shows that the application has the secret. @throws RollcallError `NOT_FOUND`, `LOGIN_REFUSED` */
export async function confirmFactor(
  trx: Knex,
  owner: FactorOwner & { code: string },
  context: FactorContext,
): Promise<void> {
  const { accountId, code } = owner;
  const factor = await holdFactor(trx, accountId);
  const isWaiting =
    factor !== undefined &&
    factor.confirmed_at === null &&
    context.nowMs < factor.enrolled_at.getTime() + UNCONFIRMED_MS;
  if (!isWaiting) {
    throw new RollcallError(
      'NOT_FOUND',
      'There is no authenticator application that waits to be confirmed; begin anew',
    );
  }
  await takeStep(trx, { accountId, code, factor }, context);
  const now = new Date(context.nowMs);
  await trx('second_factor').where({ account_id: accountId }).update({ confirmed_at: now });
  await audit(trx, { owner, action: 'confirm', performedBy: accountId, now });
}

/**
 * Takes a code of the person's authenticator application, once.
 *
 * @returns false where the person has none
 * @throws RollcallError `LOGIN_REFUSED` for a code that is wrong, of another time, or was taken before
 */
export async function spendFactor(
  trx: Knex,
  { accountId, code }: { accountId: string; code: string },
  context: FactorContext,
): Promise<boolean> {
  const factor = await holdFactor(trx, accountId);
  if (factor === undefined || factor.confirmed_at === null) return false;
  await takeStep(trx, { accountId, code, factor }, context);
  return true;
}

export async function hasFactor(trx: Knex, accountId: string): Promise<boolean> {
  const factor = await trx('second_factor')
    .where({ account_id: accountId })
    .whereNotNull('confirmed_at')
    .first('account_id');
  return factor !== undefined;
}

export interface FactorRemoval {
  owner: FactorOwner;
  reason: string;
  performedBy: string | null;
  nowMs: number;
}

/** Of somebody who lost the application. @returns false where there was none */
export async function removeFactor(trx: Knex, removal: FactorRemoval): Promise<boolean> {
  const { owner, reason, performedBy, nowMs } = removal;
  const removed = await trx('second_factor').where({ account_id: owner.accountId }).delete();
  if (removed === 0) return false;
  await audit(trx, { owner, action: 'remove', performedBy, now: new Date(nowMs), reason });
  return true;
}

/** Two requests with one code come one after the other. */
const holdFactor = (trx: Knex, accountId: string): Promise<FactorRow | undefined> =>
  trx('second_factor').where({ account_id: accountId }).forUpdate().first<FactorRow | undefined>();

async function takeStep(
  trx: Knex,
  { accountId, code, factor }: { accountId: string; code: string; factor: FactorRow },
  { seal, nowMs }: FactorContext,
): Promise<void> {
  const step = stepOfCode(seal.open(factor.secret_sealed, placeOf(accountId)), code, nowMs);
  // RFC 6238, section 5.2: a code that was taken is never taken again.
  if (step === undefined || step <= (factor.last_step ?? -1)) {
    throw new RollcallError(
      'LOGIN_REFUSED',
      'This code is not right, or was used before; wait for the next one of the application',
    );
  }
  await trx('second_factor').where({ account_id: accountId }).update({ last_step: step });
}

const placeOf = (accountId: string) => ({ table: 'second_factor', column: 'secret_sealed', row: accountId });

interface Audited {
  owner: FactorOwner;
  action: 'enroll' | 'confirm' | 'remove';
  performedBy: string | null;
  now: Date;
  reason?: string;
}

/** What there is of the application after it; its secret stands nowhere. */
const STATE_AFTER: Readonly<Record<Audited['action'], string>> = {
  enroll: 'waits to be confirmed',
  confirm: 'confirmed',
  remove: 'none',
};

const audit = (
  trx: Knex,
  { owner: { accountId, studentId }, action, performedBy, now, reason = '' }: Audited,
): Promise<void> =>
  writeAudit(trx, [
    {
      at: now,
      entityType: 'second_factor',
      entityId: accountId,
      action,
      performedBy,
      reason,
      after: { state: STATE_AFTER[action] },
      studentId,
    },
  ]);
