import * as z from 'zod';
import { uuid } from '../contracts/fields.js';
import type { MasterField, MasterKey } from './master.js';

/** What people choose for themselves: in addresses, files and on gateways alike. */
export const masterId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9 and "-", starting with a letter or digit');
export const masterCode = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,31}$/, 'must be 1 to 32 letters, digits and "-"');
export const masterName = z.string().trim().min(1).max(200);

export const idKey: MasterKey = { name: 'id', column: 'id', schema: masterId, kind: 'text' };
export const codeKey: MasterKey = { name: 'code', column: 'code', schema: masterCode, kind: 'text' };
export const uuidKey: MasterKey = { name: 'id', column: 'id', schema: uuid, kind: 'uuid' };

const KEY_OF_TABLE = { course: 'code', faculty: 'code' } as const;

/** A field that names a row of another master; lists can be narrowed by it. */
export function reference(
  table:
    | 'campus'
    | 'building'
    | 'room'
    | 'department'
    | 'programme'
    | 'academic_year'
    | 'section'
    | 'course'
    | 'gateway',
  column: string,
  more: Partial<MasterField> = {},
): MasterField {
  const key = table in KEY_OF_TABLE ? 'code' : 'id';
  const schema = key === 'code' ? masterCode : masterId;
  return {
    column,
    schema,
    refersTo: { table, key, what: table.replaceAll('_', ' ') },
    isFilter: true,
    ...more,
  };
}

/** As `reference`, and null unless given. */
export function optionalReference(table: Parameters<typeof reference>[0], column: string): MasterField {
  const { schema, ...field } = reference(table, column);
  return { ...field, schema: schema.nullable(), initial: null };
}
