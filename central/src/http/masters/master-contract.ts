import * as z from 'zod';
import { API, flagFilter, instant, keyFilter } from '../contracts/fields.js';
import { pageQuery } from '../cursor.js';
import type { Master, MasterField } from './master.js';

type Shape = Record<string, z.ZodType>;

/** The shapes of one master's requests and answers, all from its one declaration. */
export interface MasterContract {
  collection: string;
  member: string;
  params: z.ZodObject;
  query: z.ZodObject;
  created: z.ZodObject;
  changed: z.ZodObject;
  item: z.ZodObject;
}

export const versionField = z
  .int()
  .min(1)
  .max(2_147_483_647)
  .optional()
  .describe('The version you saw; another one is answered with STALE');

export function contractOf(master: Master): MasterContract {
  const { key, fields, takes = {}, shows = {}, isKeyMade = false } = master;
  const keyShape = Object.fromEntries(key.map(({ name, schema }) => [name, schema]));
  const writable = Object.entries(fields).filter(([, field]) => field.isReadOnly !== true);
  const created: Shape = {
    ...(isKeyMade ? {} : keyShape),
    ...Object.fromEntries(writable.map(([name, field]) => [name, withInitial(field.schema, field.initial)])),
    ...Object.fromEntries(
      Object.entries(takes).map(([name, { schema, initial }]) => [name, withInitial(schema, initial)]),
    ),
  };
  const changeable: [string, z.ZodType][] = [
    ...writable.filter(([, field]) => field.isFixed !== true).map(([name, { schema }]) => [name, schema]),
    ...Object.entries(takes).map(([name, { schema }]) => [name, schema]),
  ] as [string, z.ZodType][];
  const changed: Shape = {
    ...Object.fromEntries(changeable.map(([name, schema]) => [name, schema.optional()])),
    version: versionField,
  };
  const collection = `${API}/${master.path}/`;
  return {
    collection,
    member: `${collection}${key.map(({ name }) => `{${name}}/`).join('')}`,
    params: z.strictObject(keyShape),
    query: z.strictObject(queryShape(master)),
    created: z.strictObject(created),
    changed: z.strictObject(changed),
    item: z.strictObject({
      ...keyShape,
      ...Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, shownAs(field)])),
      ...Object.fromEntries(Object.entries(shows).map(([name, { schema }]) => [name, schema])),
      version: z.int(),
      updated_at: instant,
    }),
  };
}

function queryShape({ fields, search = [], filters: more = {} }: Master): Shape {
  const filters = Object.entries(fields).filter(([, { isFilter }]) => isFilter === true);
  return {
    ...pageQuery,
    ...(search.length === 0
      ? {}
      : { q: z.string().trim().min(1).max(100).optional().describe('Only what has this in it') }),
    ...Object.fromEntries(filters.map(([name, field]) => [name, filterOf(field).optional()])),
    ...Object.fromEntries(Object.entries(more).map(([name, { schema }]) => [name, schema.optional()])),
  };
}

function filterOf({ schema }: MasterField): z.ZodType {
  const inner = schema instanceof z.ZodNullable ? schema.unwrap() : schema;
  if (inner instanceof z.ZodBoolean) return flagFilter;
  return inner instanceof z.ZodEnum || inner instanceof z.ZodGUID ? inner : keyFilter;
}

const withInitial = (schema: z.ZodType, initial: unknown): z.ZodType =>
  initial === undefined ? schema : schema.default(initial);

/** What somebody may not see is null, whatever the field allows otherwise. */
const shownAs = ({ schema, sealedFor }: MasterField): z.ZodType =>
  sealedFor === undefined || schema instanceof z.ZodNullable ? schema : schema.nullable();
