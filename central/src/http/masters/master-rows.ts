import type { Permission } from '../../auth/permissions.js';
import type { Principal } from '../../auth/principal.js';
import type { Scope } from '../../auth/scope.js';
import type { Knex } from '../../db/database.js';
import type { Seal, SealedPlace } from '../../privacy/seal.js';
import type { Binding, Conditions } from '../conditions.js';
import { EVERYTHING, type Item, type Master, type MasterField } from './master.js';

export type Row = Record<string, unknown>;

export const scopeOf = (
  { scope }: Pick<Master, 'scope'>,
  principal: Principal,
  permission: Permission,
): Scope => scope?.(principal, permission) ?? EVERYTHING;

export const columnType = (kind: 'text' | 'uuid'): string => (kind === 'uuid' ? 'uuid' : 'text');

/** One page's rows, or one row: sealed columns still sealed, with whether the person may see them. */
export async function selectRows(
  knex: Knex,
  master: Master,
  { principal, conditions, tail }: { principal: Principal; conditions: Conditions; tail: string },
): Promise<Row[]> {
  const { key, fields, shows = {}, only } = master;
  const columns = [
    ...key.map(({ name, column }) => `t.${column} AS "${name}"`),
    ...Object.entries(fields).map(([name, { column }]) => `t.${column} AS "${name}"`),
    ...Object.entries(shows).map(([name, { sql }]) => `(${sql}) AS "${name}"`),
    't.version',
    't.updated_at',
  ];
  const bindings: Binding[] = [];
  for (const permission of sealedPermissions(master)) {
    const scope = scopeOf(master, principal, permission);
    columns.push(`(${scope.sql}) AS "sees ${permission}"`);
    bindings.push(...scope.bindings);
  }
  const { rows } = await knex.raw<{ rows: Row[] }>(
    `SELECT ${columns.join(', ')} FROM ${master.table} t WHERE ${conditions.where} AND ${only?.sql ?? 'true'} ${tail}`,
    [...bindings, ...conditions.bindings] as never,
  );
  return rows;
}

const sealedPermissions = ({ fields }: Master): Permission[] => [
  ...new Set(Object.values(fields).flatMap(({ sealedFor }) => sealedFor ?? [])),
];

/** As the person may see it. */
export function toItem(master: Master, seal: Seal, row: Row): Item {
  const { key, fields, shows = {} } = master;
  const names = [...key.map(({ name }) => name), ...Object.keys(shows)];
  return {
    ...Object.fromEntries(names.map((name) => [name, row[name]])),
    ...Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [
        name,
        field.sealedFor === undefined
          ? row[name]
          : row[`sees ${field.sealedFor}`] === true
            ? opened(seal, row[name], placeOf(master, field, row))
            : null,
      ]),
    ),
    version: row['version'],
    updated_at: (row['updated_at'] as Date).toISOString(),
  };
}

const opened = (seal: Seal, sealed: unknown, place: SealedPlace): unknown =>
  sealed === null ? null : JSON.parse(seal.openText(sealed as Buffer, place));

function placeOf({ table, key }: Master, { column }: MasterField, row: Readonly<Row>): SealedPlace {
  return { table, column, row: key.map(({ name }) => String(row[name])).join('/') };
}

/** What a body says, as columns; sealed where the field is. */
export function toColumns(master: Master, seal: Seal, written: { key: Row; body: Readonly<Item> }): Row {
  const columns: Row = {};
  for (const [name, field] of Object.entries(master.fields)) {
    const value = written.body[name];
    if (value === undefined || field.isReadOnly === true) continue;
    columns[field.column] =
      field.sealedFor === undefined || value === null
        ? value
        : seal.sealText(JSON.stringify(value), placeOf(master, field, written.key));
  }
  return columns;
}

/** For the audit log: of what is sealed only whether it is there, and whether this write changed it. */
export function auditable({ fields }: Master, row: Row, body: Readonly<Item> = {}): Item {
  const entries = Object.entries(row).filter(([name]) => !name.startsWith('sees ') && name !== 'updated_at');
  return Object.fromEntries(
    entries.map(([name, value]) => {
      if (fields[name]?.sealedFor === undefined || value === null) return [name, value];
      return [name, body[name] === undefined ? 'sealed' : 'sealed anew'];
    }),
  );
}
