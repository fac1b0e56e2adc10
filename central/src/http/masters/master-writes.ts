import { randomUUID } from 'node:crypto';
import { RollcallError } from '@rollcall/protocol/errors';
import type { Request } from 'express';
import { writeAudit } from '../../audit/write-audit.js';
import type { Principal } from '../../auth/principal.js';
import { isUniqueViolation, sqlState } from '../../db/connection.js';
import type { Knex } from '../../db/database.js';
import { Conditions } from '../conditions.js';
import { refuseStale } from '../etag.js';
import type { HttpContext } from '../route.js';
import { writeAs } from '../write-as.js';
import type { Item, Master, MasterChange } from './master.js';
import { auditable, columnType, type Row, scopeOf, selectRows, toColumns, toItem } from './master-rows.js';
import { refuseUnknown } from './references.js';
import { inWords, usesOf } from './uses.js';

interface WriteInput {
  principal: Principal;
  request: Request;
  params: Row;
  body: Row | undefined;
}

type Context = Pick<HttpContext, 'db' | 'clock' | 'capture'>;

export function createRow(master: Master, input: WriteInput, { db, clock, capture }: Context): Promise<Item> {
  const body = input.body ?? {};
  const key = master.isKeyMade === true ? { [nameOfKey(master)]: randomUUID() } : keyOf(master, body);
  const nowMs = clock.wallMs();
  const { principal } = input;
  return writeAs(db.knex, input, async (trx) => {
    const change: MasterChange = {
      action: 'create',
      key,
      body,
      before: undefined,
      next: body,
      principal,
      nowMs,
    };
    await refuseUnknown(trx, master, body);
    await master.refuse?.(trx, change);
    const columns = { ...toColumns(master, capture.seal, { key, body }), ...master.only?.columns };
    const keyColumns = Object.fromEntries(master.key.map(({ name, column }) => [column, key[name]]));
    await trx(master.table)
      .insert({ ...keyColumns, ...columns, updated_at: new Date(nowMs) })
      .catch(refusalOf(master, key));
    await master.after?.(trx, change);
    const row = await rowOf(trx, master, { key, principal });
    await audit(trx, master, { change, after: auditable(master, row) });
    return toItem(master, capture.seal, row);
  });
}

export function changeRow(master: Master, input: WriteInput, { db, clock, capture }: Context): Promise<Item> {
  const { version, ...body } = input.body ?? {};
  const key = keyOf(master, input.params);
  const nowMs = clock.wallMs();
  const { principal } = input;
  return writeAs(db.knex, input, async (trx) => {
    const held = await hold(trx, master, { key, principal });
    refuseStale(Number(held['version']), input.request.headers['if-match'], version as number | undefined);
    const before = toItem(master, capture.seal, held);
    const change: MasterChange = {
      action: 'update',
      key,
      body,
      before,
      next: { ...before, ...body },
      principal,
      nowMs,
    };
    await refuseUnknown(trx, master, body);
    await master.refuse?.(trx, change);
    const columns = toColumns(master, capture.seal, { key, body });
    await whereKey(trx, master, key)
      .update({ ...columns, version: trx.raw('version + 1'), updated_at: new Date(nowMs) })
      .catch(refusalOf(master, key));
    await master.after?.(trx, change);
    const row = await rowOf(trx, master, { key, principal });
    await audit(trx, master, {
      change,
      before: auditable(master, held),
      after: auditable(master, row, body),
    });
    return toItem(master, capture.seal, row);
  });
}

export function deleteRow(master: Master, input: WriteInput, { db, clock, capture }: Context): Promise<void> {
  const key = keyOf(master, input.params);
  const nowMs = clock.wallMs();
  const { principal } = input;
  return writeAs(db.knex, input, async (trx) => {
    const held = await hold(trx, master, { key, principal });
    refuseStale(Number(held['version']), input.request.headers['if-match'], undefined);
    const before = toItem(master, capture.seal, held);
    const change: MasterChange = { action: 'delete', key, body: {}, before, next: before, principal, nowMs };
    await master.refuse?.(trx, change);
    await refuseUsed(trx, master, key);
    await whereKey(trx, master, key).delete().catch(refusalOf(master, key));
    await master.after?.(trx, change);
    await audit(trx, master, { change, before: auditable(master, held) });
  });
}

/** @throws RollcallError `MASTER_IN_USE` naming what uses it */
async function refuseUsed(trx: Knex, master: Master, key: Readonly<Record<string, string>>): Promise<void> {
  const values = master.key.map(({ name }) => key[name] ?? '');
  const uses = await usesOf(trx, master.table, values);
  for (const { what, sql } of master.uses ?? []) {
    const { rows } = await trx.raw<{ rows: { n: number }[] }>(sql, values);
    const count = rows[0]?.n ?? 0;
    if (count > 0) uses.push(inWords(count, what));
  }
  if (uses.length === 0) return;
  throw new RollcallError(
    'MASTER_IN_USE',
    `The ${master.one} ${values.join(' ')} is used by ${uses.join(', ')}; change or remove these first`,
  );
}

interface Wanted {
  key: Readonly<Record<string, string>>;
  principal: Principal;
}

/**
 * The row, kept from other writers until the transaction ends.
 *
 * @throws RollcallError `NOT_FOUND` where the person may not even see it, `FORBIDDEN` where it is not theirs to change
 */
async function hold(trx: Knex, master: Master, { key, principal }: Wanted): Promise<Row> {
  const [row] = await selectRows(trx, master, {
    principal,
    conditions: keyConditions(master, key),
    tail: 'FOR UPDATE OF t',
  });
  const seen = scopeOf(master, principal, master.read);
  const reached = scopeOf(master, principal, master.write);
  const { rows } = await trx.raw<{ rows: { is_seen: boolean; is_reached: boolean }[] }>(
    `SELECT (${seen.sql}) AS is_seen, (${reached.sql}) AS is_reached FROM ${master.table} t
     WHERE ${keyConditions(master, key).where}`,
    [...seen.bindings, ...reached.bindings, ...keyConditions(master, key).bindings] as never,
  );
  if (row === undefined || (rows[0]?.is_seen !== true && rows[0]?.is_reached !== true)) {
    throw unknownRow(master, key);
  }
  if (rows[0].is_reached) return row;
  throw new RollcallError(
    'FORBIDDEN',
    `You may see this ${master.one}, but none of your roles may change it`,
  );
}

async function rowOf(trx: Knex, master: Master, { key, principal }: Wanted): Promise<Row> {
  const [row] = await selectRows(trx, master, {
    principal,
    conditions: keyConditions(master, key),
    tail: '',
  });
  if (row === undefined) throw unknownRow(master, key);
  return row;
}

interface Audited {
  change: MasterChange;
  before?: Item;
  after?: Item;
}

async function audit(trx: Knex, master: Master, { change, before, after }: Audited): Promise<void> {
  const { action, key, principal, nowMs } = change;
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: master.table,
      entityId: Object.values(key).join('/'),
      action,
      performedBy: principal.accountId,
      before: before ?? null,
      after: after ?? null,
      studentId: studentOf(master, change),
    },
  ]);
}

function studentOf({ studentField }: Master, { key, next }: MasterChange): string | null {
  if (studentField === undefined) return null;
  return key[studentField] ?? (next[studentField] as string);
}

/** What the database's own rules refuse, in words; anything else stays what it is. */
function refusalOf(master: Master, key: Readonly<Record<string, string>>): (error: unknown) => never {
  return (error) => {
    const { one } = master;
    if (isUniqueViolation(error)) {
      const detail = `There is a ${one} ${Object.values(key).join(' ')} already, or another one with what has to be unique`;
      throw new RollcallError('ALREADY_EXISTS', detail, { cause: error });
    }
    const state = sqlState(error);
    // Somebody began to use it, or removed what it names, in this very moment.
    if (state === '23503') {
      throw new RollcallError('MASTER_IN_USE', `The ${one} is used, or what it names is gone; look again`, {
        cause: error,
      });
    }
    if (state === '23514' || state === '23P01') {
      throw new RollcallError('REQUEST_INVALID', `These values do not go together in a ${one}`, {
        cause: error,
      });
    }
    throw error;
  };
}

const nameOfKey = ({ key }: Master): string => key[0]?.name ?? 'id';

const keyOf = ({ key }: Master, values: Readonly<Row>): Record<string, string> =>
  Object.fromEntries(key.map(({ name }) => [name, String(values[name])]));

const whereKey = (trx: Knex, { table, key }: Master, values: Readonly<Record<string, string>>) =>
  trx(table).where(Object.fromEntries(key.map(({ name, column }) => [column, values[name]])));

export function keyConditions({ key }: Master, values: Readonly<Row>): Conditions {
  const conditions = new Conditions();
  for (const { name, column, kind } of key) {
    conditions.add(`t.${column} = ?::${columnType(kind)}`, values[name] as string);
  }
  return conditions;
}

export const unknownRow = ({ one, key }: Master, values: Readonly<Row>): RollcallError =>
  new RollcallError('NOT_FOUND', `There is no ${one} ${key.map(({ name }) => values[name]).join(' ')}`);
