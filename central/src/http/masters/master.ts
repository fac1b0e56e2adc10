import type * as z from 'zod';
import type { Permission } from '../../auth/permissions.js';
import type { Principal } from '../../auth/principal.js';
import type { Scope } from '../../auth/scope.js';
import type { Knex } from '../../db/database.js';

/** A field of a master that is a column of its table. */
export interface MasterField {
  column: string;
  /** Of answers and of bodies. */
  schema: z.ZodType;
  /** What a new row has where the body says nothing; undefined: it has to be given. */
  initial?: unknown;
  /** Given when the row is made and never changed after. */
  isFixed?: boolean;
  /** Only shown; something else writes it. */
  isReadOnly?: boolean;
  /** The row that it names has to exist. */
  refersTo?: { table: string; key: string; what: string; kind?: 'uuid' };
  /** Lists can be narrowed by it; with `refersTo` or an enum. */
  isFilter?: boolean;
  /**
   * Stored sealed (domain F3), shown as null to whoever lacks this permission for the row; never in lists'
   * filters nor in the audit log.
   */
  sealedFor?: Permission;
}

/** One part of the key; it stands in the path. */
export interface MasterKey {
  /** In bodies, answers and paths. */
  name: string;
  column: string;
  schema: z.ZodType<string>;
  kind: 'text' | 'uuid';
}

/** A row as the interface shows it. */
export type Item = Record<string, unknown>;

/** What a write is about, for the rules of one master. */
export interface MasterChange {
  action: 'create' | 'update' | 'delete';
  key: Readonly<Record<string, string>>;
  /** As sent; of a creation with what it left out filled in. */
  body: Readonly<Item>;
  before: Item | undefined;
  /** What it will be; of a deletion what it was. */
  next: Item;
  principal: Principal;
  nowMs: number;
}

export type Operation = 'list' | 'create' | 'read' | 'update' | 'delete';

/**
 * One kind of master data: what it consists of, who may see and change it, and the rules beyond shapes and
 * references. `masterRoutes` makes its routes.
 */
export interface Master {
  /** Of the address, after the prefix: `academic-years`. */
  path: string;
  /** For people and, joined, for operation ids: `academic year`. */
  one: string;
  many: string;
  /** For operation ids, where an operation of the other name is there already. */
  idName?: string;
  tag: string;
  table: string;
  key: readonly MasterKey[];
  /** Made here instead of given: the key is one UUID. */
  isKeyMade?: boolean;
  /** The field that says which student a write is about, for the audit log. */
  studentField?: string;
  fields: Readonly<Record<string, MasterField>>;
  read: Permission;
  write: Permission;
  /** Which rows a person reaches with a permission; `t` names the table. Without it: all. */
  scope?: (principal: Principal, permission: Permission) => Scope;
  /** Unique columns that lists are ordered by; the key unless given. */
  order?: readonly Pick<MasterKey, 'column' | 'kind'>[];
  /** Further ways to narrow lists: a condition over `t` with one binding. */
  filters?: Readonly<Record<string, { schema: z.ZodType<string>; sql: string }>>;
  /** Columns that `q` looks into. */
  search?: readonly string[];
  /** Of a table that holds other kinds, too: a condition over `t`, and what new rows have for it. */
  only?: { sql: string; columns: Readonly<Record<string, unknown>> };
  /** Further fields of answers, as SQL over `t`. */
  shows?: Readonly<Record<string, { schema: z.ZodType; sql: string }>>;
  /** Further fields of bodies, for `after` to store. */
  takes?: Readonly<Record<string, { schema: z.ZodType; initial: unknown }>>;
  /** All unless given. */
  operations?: readonly Operation[];
  /** Rules over the whole row, before it is written. @throws RollcallError */
  refuse?: (trx: Knex, change: MasterChange) => Promise<void> | void;
  /** What follows from the write, in its transaction. */
  after?: (trx: Knex, change: MasterChange) => Promise<void>;
  /** What no foreign key tells: SQL that counts, with the key as bindings, and what it counts. */
  uses?: readonly { what: string; sql: string }[];
}

export const EVERYTHING: Scope = { sql: 'true', bindings: [] };

/** `academic year` → `AcademicYear`. */
export const pascal = (words: string): string =>
  words
    .split(/[\s-]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
