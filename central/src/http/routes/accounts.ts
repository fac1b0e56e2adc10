import { RollcallError } from '@rollcall/protocol/errors';
import type { Auth } from '../../auth/auth.js';
import {
  type AccountActor,
  changeAccount,
  createAccount,
  endRole,
  giveTemporaryPassword,
  grantRole,
  type NewRole,
} from '../../auth/manage-accounts.js';
import type { Principal } from '../../auth/principal.js';
import type { Knex } from '../../db/database.js';
import { Conditions } from '../conditions.js';
import {
  accountBody,
  accountChangeBody,
  accountsQuery,
  createdAccountSchema,
  endRoleBody,
  grantParams,
  type ManagedAccount,
  managedAccountSchema,
  type RoleBody,
  roleBody,
  temporaryPasswordSchema,
} from '../contracts/accounts.js';
import { API, uuidParams } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, shortText } from '../cursor.js';
import { etagOf, refuseStale } from '../etag.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'Accounts';
const PATH = `${API}/accounts/`;
const WRITE_ERRORS = ['NOT_FOUND', 'FORBIDDEN', 'STALE', 'LAST_ADMIN'] as const;

interface Row extends Omit<ManagedAccount, 'updated_at'> {
  updated_at: Date;
}

const ISO = (column: string): string =>
  `CASE WHEN isfinite(${column}) THEN to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') END`;

const SELECT_SQL = `SELECT a.id, a.login, a.display_name AS name, a.student_id AS student, a.faculty_code AS faculty,
    a.guardian_id AS guardian, a.is_active, a.password_hash IS NOT NULL AS has_password, a.must_change_password,
    a.version, a.updated_at,
    coalesce((SELECT json_agg(json_build_object('id', r.id, 'role', r.role, 'department', r.department_id,
      'section', r.section_id, 'valid_from', ${ISO('r.valid_from')}, 'valid_to', ${ISO('r.valid_to')})
      ORDER BY r.valid_from, r.id) FROM account_role r WHERE r.account_id = a.id), '[]') AS roles
  FROM account a`;

const toItem = (row: Row): ManagedAccount => ({ ...row, updated_at: row.updated_at.toISOString() });

async function load(knex: Knex, id: string): Promise<ManagedAccount> {
  const { rows } = await knex.raw<{ rows: Row[] }>(`${SELECT_SQL} WHERE a.id = ?::uuid`, [id]);
  const [row] = rows;
  if (row === undefined) throw new RollcallError('NOT_FOUND', `There is no account ${id}`);
  return toItem(row);
}

const reply = (account: ManagedAccount) => ({ body: account, headers: { ETag: etagOf(account.version) } });

const actorOf = ({ principal }: { principal: Principal }, nowMs: number): AccountActor => ({
  accountId: principal.accountId,
  nowMs,
});

const toRole = (body: RoleBody, nowMs: number): NewRole => ({
  role: body.role,
  departmentId: body.department,
  sectionId: body.section,
  from: new Date(body.valid_from ?? nowMs),
  until: body.valid_to === null ? null : new Date(body.valid_to),
});

export const listAccounts = defineRoute(
  {
    method: 'get',
    path: PATH,
    operationId: 'listAccounts',
    tag: TAG,
    summary: 'Accounts by login, with the roles that they have, had and will have',
    access: 'accounts.read',
    query: accountsQuery,
    reply: { schema: pageOf(managedAccountSchema) },
  },
  async ({ query }, { db }) => {
    const conditions = new Conditions().equal('a.is_active', query.is_active);
    if (query.role !== undefined) {
      conditions.add(
        'EXISTS (SELECT FROM account_role r WHERE r.account_id = a.id AND r.role = ?)',
        query.role,
      );
    }
    if (query.q !== undefined) {
      const like = `%${query.q.replaceAll(/[\\%_]/g, '\\$&')}%`;
      conditions.add('a.login ILIKE ? OR a.display_name ILIKE ?', like, like);
    }
    const position = decodeCursor(query.cursor, [shortText]);
    if (position !== undefined) conditions.add('a.login > ?', ...position);
    const { rows } = await db.knex.raw<{ rows: Row[] }>(
      `${SELECT_SQL} WHERE ${conditions.where} ORDER BY a.login LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return { body: pageFrom(rows, query.limit, { item: toItem, position: (row) => [row.login] }) };
  },
);

export const readAccount = defineRoute(
  {
    method: 'get',
    path: `${PATH}{id}/`,
    operationId: 'readAccount',
    tag: TAG,
    summary: 'One account; its version is the ETag',
    access: 'accounts.read',
    params: uuidParams,
    reply: { schema: managedAccountSchema },
    errors: ['NOT_FOUND'],
  },
  async ({ params }, { db }) => reply(await load(db.knex, params.id)),
);

export const makeAccount = defineRoute(
  {
    method: 'post',
    path: PATH,
    operationId: 'createAccount',
    tag: TAG,
    summary: 'Makes an account with a temporary password, which is shown this once',
    access: 'accounts.write',
    status: 201,
    body: accountBody,
    reply: { schema: createdAccountSchema },
    errors: ['FORBIDDEN', 'ALREADY_EXISTS'],
  },
  async (input, { db, clock }) => {
    const { body } = input;
    const nowMs = clock.wallMs();
    const actor = actorOf(input, nowMs);
    const { account, password } = await writeAs(db.knex, input, async (trx) => {
      const { login, name, student: studentId, faculty: facultyCode, guardian: guardianId } = body;
      const id = await createAccount(trx, { login, name, studentId, facultyCode, guardianId }, actor);
      for (const role of body.roles) await grantRole(trx, id, toRole(role, nowMs), actor);
      const temporary = await giveTemporaryPassword(trx, id, actor);
      return { account: await load(trx, id), password: temporary };
    });
    return {
      body: { account, temporary_password: password },
      headers: { ETag: etagOf(account.version) },
    };
  },
);

export const updateAccount = defineRoute(
  {
    method: 'patch',
    path: `${PATH}{id}/`,
    operationId: 'updateAccount',
    tag: TAG,
    summary: 'Renames, disables or enables an account; disabled it is signed out everywhere at once',
    access: 'accounts.write',
    params: uuidParams,
    body: accountChangeBody,
    headers: { 'If-Match': 'The ETag you read; if it has changed since, the answer is STALE' },
    reply: { schema: managedAccountSchema },
    errors: WRITE_ERRORS,
  },
  async (input, { db, clock, auth }) => {
    const { params, body, request } = input;
    const account = await changing(auth, params.id, () =>
      writeAs(db.knex, input, async (trx) => {
        const held = await hold(trx, params.id);
        refuseStale(held.version, request.headers['if-match'], body.version);
        const change = { name: body.name, isActive: body.is_active };
        await changeAccount(trx, held, { change, actor: actorOf(input, clock.wallMs()) });
        return load(trx, params.id);
      }),
    );
    return reply(account);
  },
);

export const resetPassword = defineRoute(
  {
    method: 'post',
    path: `${PATH}{id}/password/`,
    operationId: 'resetPassword',
    tag: TAG,
    summary: 'Gives a temporary password, shown this once, and ends every sign-in of the account',
    access: 'accounts.write',
    params: uuidParams,
    reply: { schema: temporaryPasswordSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN'],
  },
  async (input, { db, clock, auth }) => {
    const { params } = input;
    const password = await changing(auth, params.id, () =>
      writeAs(db.knex, input, async (trx) => {
        await hold(trx, params.id);
        return giveTemporaryPassword(trx, params.id, actorOf(input, clock.wallMs()));
      }),
    );
    return { body: { temporary_password: password } };
  },
);

export const addRole = defineRoute(
  {
    method: 'post',
    path: `${PATH}{id}/roles/`,
    operationId: 'grantRole',
    tag: TAG,
    summary: 'Gives a role, from an instant until another one',
    access: 'accounts.write',
    status: 201,
    params: uuidParams,
    body: roleBody,
    reply: { schema: managedAccountSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN'],
  },
  async (input, { db, clock, auth }) => {
    const { params, body } = input;
    const nowMs = clock.wallMs();
    const account = await changing(auth, params.id, () =>
      writeAs(db.knex, input, async (trx) => {
        await hold(trx, params.id);
        await grantRole(trx, params.id, toRole(body, nowMs), actorOf(input, nowMs));
        return load(trx, params.id);
      }),
    );
    return reply(account);
  },
);

export const finishRole = defineRoute(
  {
    method: 'post',
    path: `${PATH}{id}/roles/{grant}/end/`,
    operationId: 'endRole',
    tag: TAG,
    summary: 'Ends a role now or later; the next request after it is refused',
    access: 'accounts.write',
    params: grantParams,
    body: endRoleBody,
    reply: { schema: managedAccountSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'LAST_ADMIN'],
  },
  async (input, { db, clock, auth }) => {
    const { params, body } = input;
    const nowMs = clock.wallMs();
    const account = await changing(auth, params.id, () =>
      writeAs(db.knex, input, async (trx) => {
        await hold(trx, params.id);
        const role = { accountId: params.id, grantId: params.grant, at: new Date(body.valid_to ?? nowMs) };
        await endRole(trx, role, actorOf(input, nowMs));
        return load(trx, params.id);
      }),
    );
    return reply(account);
  },
);

/** The other replicas hear of a change in a moment; here it counts from the answer on, whatever that is. */
async function changing<Result>(
  { accounts }: Auth,
  id: string,
  change: () => Promise<Result>,
): Promise<Result> {
  try {
    return await change();
  } finally {
    accounts.forget(id);
  }
}

interface Held {
  id: string;
  display_name: string;
  is_active: boolean;
  version: number;
}

async function hold(trx: Knex, id: string): Promise<Held> {
  const held = await trx('account').where({ id }).forUpdate().first<Held | undefined>();
  if (held === undefined) throw new RollcallError('NOT_FOUND', `There is no account ${id}`);
  return held;
}
