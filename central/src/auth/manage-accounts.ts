import { randomBytes } from 'node:crypto';
import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import { isUniqueViolation } from '../db/connection.js';
import type { Knex } from '../db/database.js';
import { announceAccount } from './announce-account.js';
import type { RoleId } from './roles.js';
import { storePassword } from './sign-in.js';

/** Twenty-four characters of base64url: nobody guesses it, and it can be typed once. */
const TEMPORARY_BYTES = 18;
/** Any constant, as long as nothing else takes it. */
const ADMIN_LOCK = 0x726f6c14;

export interface AccountActor {
  accountId: string | null;
  nowMs: number;
}

export interface NewAccount {
  login: string;
  name: string;
  studentId: string | null;
  facultyCode: string | null;
  guardianId: string | null;
}

export interface NewRole {
  role: RoleId;
  departmentId: string | null;
  sectionId: string | null;
  from: Date;
  /** Null: without end. */
  until: Date | null;
}

/** @throws RollcallError `ALREADY_EXISTS`, `REQUEST_INVALID` */
export async function createAccount(trx: Knex, wanted: NewAccount, actor: AccountActor): Promise<string> {
  await refuseUnknownPeople(trx, wanted);
  const at = new Date(actor.nowMs);
  const [row] = (await trx('account')
    .insert({
      login: wanted.login.toLowerCase(),
      display_name: wanted.name,
      student_id: wanted.studentId,
      faculty_code: wanted.facultyCode,
      guardian_id: wanted.guardianId,
      created_at: at,
      updated_at: at,
    })
    .returning('id')
    .catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error;
      const detail = 'There is an account with this login, or one of this student or faculty member, already';
      throw new RollcallError('ALREADY_EXISTS', detail, { cause: error });
    })) as { id: string }[];
  const { id } = row as { id: string };
  await audit(trx, { id, action: 'create', after: wanted }, actor);
  return id;
}

/** @returns the password, which is nowhere else */
export async function giveTemporaryPassword(trx: Knex, id: string, actor: AccountActor): Promise<string> {
  const password = randomBytes(TEMPORARY_BYTES).toString('base64url');
  const { nowMs, accountId: performedBy } = actor;
  await storePassword(trx, { accountId: id, password, nowMs, performedBy, isTemporary: true });
  return password;
}

/**
 * A role counts from an instant until another one, asked at every request (domain case 160).
 *
 * @throws RollcallError `REQUEST_INVALID` for a role that would reach nothing, or backwards in time
 */
export async function grantRole(trx: Knex, id: string, wanted: NewRole, actor: AccountActor): Promise<void> {
  await refuseEmptyRole(trx, id, wanted);
  const [row] = (await trx('account_role')
    .insert({
      account_id: id,
      role: wanted.role,
      department_id: wanted.departmentId,
      section_id: wanted.sectionId,
      valid_from: wanted.from,
      valid_to: wanted.until ?? 'infinity',
      assigned_by: actor.accountId,
    })
    .returning('id')) as { id: string }[];
  await audit(trx, { id, action: 'grant_role', after: { ...wanted, grant: row?.id } }, actor);
  await touchAccount(trx, id, new Date(actor.nowMs));
}

/** @throws RollcallError `NOT_FOUND`, `REQUEST_INVALID`, `LAST_ADMIN` */
export async function endRole(
  trx: Knex,
  { accountId, grantId, at }: { accountId: string; grantId: string; at: Date },
  actor: AccountActor,
): Promise<void> {
  await takeAdminTurn(trx);
  const { rows } = await trx.raw<{ rows: { role: RoleId; has_begun: boolean; has_ended: boolean }[] }>(
    `SELECT role, valid_from < ?::timestamptz AS has_begun, valid_to <= ?::timestamptz AS has_ended
     FROM account_role WHERE id = ?::uuid AND account_id = ?::uuid FOR UPDATE`,
    [at, at, grantId, accountId],
  );
  const [held] = rows;
  if (held === undefined) throw new RollcallError('NOT_FOUND', `The account has no role ${grantId}`);
  if (held.has_ended || at.getTime() < actor.nowMs) {
    throw new RollcallError(
      'REQUEST_INVALID',
      'valid_to: the past cannot be changed, and an ended role has ended',
    );
  }
  if (held.has_begun) await trx('account_role').where({ id: grantId }).update({ valid_to: at });
  else await trx('account_role').where({ id: grantId }).delete();
  if (held.role === 'admin') await refuseWithoutAdmin(trx, at);
  const action = held.has_begun ? 'end_role' : 'withdraw_role';
  await audit(
    trx,
    { id: accountId, action, before: { role: held.role }, after: { grant: grantId, at } },
    actor,
  );
  await touchAccount(trx, accountId, new Date(actor.nowMs));
}

export interface AccountChange {
  name?: string | undefined;
  isActive?: boolean | undefined;
}

/** Disabled: signed out everywhere with the commit. @throws RollcallError `LAST_ADMIN` */
export async function changeAccount(
  trx: Knex,
  held: { id: string; display_name: string; is_active: boolean },
  { change, actor }: { change: AccountChange; actor: AccountActor },
): Promise<void> {
  const at = new Date(actor.nowMs);
  const after = {
    display_name: change.name ?? held.display_name,
    is_active: change.isActive ?? held.is_active,
  };
  const isDisabled = held.is_active && !after.is_active;
  if (isDisabled) await takeAdminTurn(trx);
  await trx('account')
    .where({ id: held.id })
    .update({
      ...after,
      version: trx.raw('version + 1'),
      updated_at: at,
      ...(isDisabled ? { token_generation: trx.raw('token_generation + 1') } : {}),
    });
  if (isDisabled) {
    await trx('login_session')
      .where({ account_id: held.id })
      .whereNull('revoked_at')
      .update({ revoked_at: at, revoked_reason: 'account disabled' });
    await refuseWithoutAdmin(trx, at);
  }
  const before = { display_name: held.display_name, is_active: held.is_active };
  await audit(trx, { id: held.id, action: 'update', before, after }, actor);
  await announceAccount(trx, held.id);
}

/** Two who take rights from each other at once come one after the other; taken before anything is changed. */
const takeAdminTurn = (trx: Knex): Promise<unknown> =>
  trx.raw('SELECT pg_advisory_xact_lock(?)', [ADMIN_LOCK]);

/** Roles are shown with the account: whoever saw it without this change has seen an older version. */
async function touchAccount(trx: Knex, id: string, at: Date): Promise<void> {
  await trx('account')
    .where({ id })
    .update({ version: trx.raw('version + 1'), updated_at: at });
  await announceAccount(trx, id);
}

/** Somebody has to be left who can give rights. */
async function refuseWithoutAdmin(trx: Knex, at: Date): Promise<void> {
  const { rows } = await trx.raw<{ rows: object[] }>(
    `SELECT 1 FROM account_role r JOIN account a ON a.id = r.account_id AND a.is_active
     WHERE r.role = 'admin' AND r.valid_from <= ?::timestamptz AND r.valid_to > ?::timestamptz LIMIT 1`,
    [at, at],
  );
  if (rows.length > 0) return;
  throw new RollcallError(
    'LAST_ADMIN',
    'Nobody would be left who can give rights; make another administrator first',
  );
}

async function refuseUnknownPeople(
  trx: Knex,
  { studentId, facultyCode, guardianId }: NewAccount,
): Promise<void> {
  const named = [
    ['student', 'id', studentId],
    ['faculty', 'code', facultyCode],
    ['guardian', 'id', guardianId],
  ] as const;
  for (const [table, key, value] of named) {
    if (value === null || (await trx(table).where(key, value).first(key)) !== undefined) continue;
    throw new RollcallError('REQUEST_INVALID', `${table}: there is no ${table} ${value}`);
  }
}

/** What each role reaches with; without it the role would be on paper only. */
async function refuseEmptyRole(trx: Knex, id: string, wanted: NewRole): Promise<void> {
  if (wanted.until !== null && wanted.until <= wanted.from) {
    throw new RollcallError('REQUEST_INVALID', 'valid_to: must be after valid_from');
  }
  for (const [table, value, roles] of [
    ['department', wanted.departmentId, HEADS],
    ['section', wanted.sectionId, OF_A_SECTION],
  ] as const) {
    if ((value !== null) !== roles.includes(wanted.role)) {
      throw new RollcallError(
        'REQUEST_INVALID',
        `${table}: ${roles.join(' and ')} names one, and no other role does`,
      );
    }
    if (value === null || (await trx(table).where({ id: value }).first('id')) !== undefined) continue;
    throw new RollcallError('REQUEST_INVALID', `${table}: there is no ${table} ${value}`);
  }
  const column = PERSON_OF_ROLE[wanted.role];
  if (column === undefined) return;
  const account = await trx('account').where({ id }).first<Record<string, unknown>>(column);
  if (account[column] !== null) return;
  throw new RollcallError('REQUEST_INVALID', `role: the account is of no ${wanted.role}; make one that is`);
}

const HEADS: readonly RoleId[] = ['hod'];
const OF_A_SECTION: readonly RoleId[] = ['mentor', 'class_representative'];

const PERSON_OF_ROLE: Partial<Record<RoleId, string>> = {
  student: 'student_id',
  class_representative: 'student_id',
  faculty: 'faculty_code',
  guardian: 'guardian_id',
};

interface Audited {
  id: string;
  action: string;
  before?: object;
  after: object;
}

const audit = (trx: Knex, { id, action, before, after }: Audited, actor: AccountActor): Promise<void> =>
  writeAudit(trx, [
    {
      at: new Date(actor.nowMs),
      entityType: 'account',
      entityId: id,
      action,
      performedBy: actor.accountId,
      before: before ?? null,
      after,
    },
  ]);
