import * as z from 'zod';
import { PERMISSIONS, type Permission, type Reach } from '../auth/permissions.js';
import type { RoleId } from '../auth/roles.js';
import type { Knex } from '../db/database.js';
import { rollNumber } from '../seed/test-campus.js';
import type { Route, RouteContract } from './route.js';
import type { Body, TestPerson, TestServer } from './test-server.js';

/** For tests over every route: requests that the contract takes, made from the contract itself. */
export interface SampleRequest {
  method: string;
  path: string;
  body: Body;
}

/** Words that name something of the test campus, by the field that asks for it. */
const KNOWN_WORDS: readonly (readonly [RegExp, unknown])[] = [
  [/base64/, 'JVBERi0xLjcK'],
  [/section/, 'cse-a'],
  [/course/, 'CS301'],
  [/faculty/, 'F001'],
  [/room/, 'r101'],
  [/student/, rollNumber(1)],
  [/academic_period/, '2026-odd'],
  [/(^|_)(date|valid_from|valid_until|from|until)$/, '2026-07-08'],
  [/time$/, '09:00'],
  [/department/, 'cse'],
];
const KNOWN_PARTS: Readonly<Record<string, string>> = { date: '2026-07-08', version: '1' };
const MISSING_ID = '00000000-0000-4000-8000-00000000dead';
/** Gateways have short names. */
const missingId = (before: string): string => (before === 'gateways' ? 'gw-missing' : MISSING_ID);

export const isWrite = ({ method }: RouteContract): boolean => method !== 'get';
export const nameOf = ({ contract }: Route): string => `${contract.method.toUpperCase()} ${contract.path}`;

export const personOf = (role: RoleId): TestPerson => {
  if (role === 'student') return { student: rollNumber(0) };
  if (role === 'class_representative') return { section: 'cse-a' };
  return role === 'faculty' ? { faculty: 'F001' } : {};
};

/** Somebody who has the permission of a route, everywhere if there is such a role; the admin if it may. */
export function roleFor({ contract }: Route): RoleId {
  const row = (PERMISSIONS[contract.access as Permission] ?? {}) as Partial<Record<RoleId, Reach>>;
  const entries = Object.entries(row) as [RoleId, Reach][];
  return (entries.find(([, reach]) => reach === 'all') ?? entries[0] ?? (['admin'] as const))[0];
}

/** Ids of things that exist, by the part of the path before `{id}`. */
export type KnownIds = Readonly<Record<string, string>>;

export async function knownIds(server: TestServer): Promise<KnownIds> {
  const { knex } = server.db;
  const session = await knex('attendance_session').where({ course_code: 'CS301' }).first('id');
  const record = await knex('attendance_record').where({ session_id: session.id }).first('id');
  return { sessions: session.id, records: record.id, gateways: 'gw-a' };
}

export function sampleRequest({ contract }: Route, ids: KnownIds = {}): SampleRequest {
  const path = contract.path.replaceAll(/([\w-]+)\/\{(\w+)\}/g, (_all, before: string, name: string) => {
    const known = KNOWN_PARTS[name] ?? KNOWN_PARTS[before] ?? ids[before] ?? missingId(before);
    return `${before}/${known}`;
  });
  const query = contract.query === undefined ? {} : jsonSchema(contract.query);
  const asked = (query.required ?? []).map((name: string) => {
    const value = sampleOf(query.properties[name], name, ids);
    return `${name}=${encodeURIComponent(String(value === 'anything' ? 1 : value))}`;
  });
  const schema = contract.body === undefined ? undefined : jsonSchema(contract.body);
  return {
    method: contract.method.toUpperCase(),
    path: asked.length === 0 ? path : `${path}?${asked.join('&')}`,
    body: schema === undefined ? undefined : sampleOf(schema, '', ids),
  };
}

export const jsonSchema = (schema: z.ZodType): Body =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });

export function sampleOf(schema: Body, name: string, ids: KnownIds): unknown {
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  // What an object has to have besides stands beside its properties: all of them are given anyway.
  const alternatives: Body[] | undefined =
    schema.type === 'object' ? undefined : (schema.anyOf ?? schema.oneOf ?? schema.allOf);
  if (alternatives !== undefined) return sampleOf(alternatives[0], name, ids);
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([key, field]) => [key, sampleOf(field, key, ids)]),
      );
    case 'array':
      return [sampleOf(schema.items ?? {}, name, ids)];
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return false;
    case 'string':
      return sampleText(schema, name, ids);
    default:
      return 'anything';
  }
}

function sampleText(schema: Body, name: string, ids: KnownIds): unknown {
  if (schema.format === 'date-time') return '2026-07-07T04:40:00.000Z';
  if (schema.format === 'uuid' || String(schema.pattern).includes('[0-9a-fA-F]{8}')) {
    return ids[`${name.replace(/_id$/, '')}s`] ?? MISSING_ID;
  }
  const known = KNOWN_WORDS.find(([pattern]) => pattern.test(name));
  if (known !== undefined) return known[1];
  return 'for-the-test'.padEnd(schema.minLength ?? 0, 'x').slice(0, schema.maxLength ?? 100);
}

export type Path = readonly (string | number)[];

/** Every place of a value that holds no other places. */
export function leavesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) =>
    leavesOf(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

/** A copy with something else in one place. */
export function withValue(value: Body, path: Path, replacement: unknown): Body {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  const copy: Body = Array.isArray(value) ? [...value] : { ...value };
  copy[key] = withValue(copy[key], rest, replacement);
  return copy;
}

export const valueAt = (value: Body, path: Path): unknown => path.reduce((inner, key) => inner?.[key], value);

/** What changes with every request, whoever sends it. */
const ALWAYS_CHANGING = ['attendance_audit_log', 'login_session', 'idempotent_answer', 'job_run'];

/** One text for everything that is stored: equal before and after means that nothing was changed. */
export async function storedState(knex: Knex): Promise<Record<string, string>> {
  const { rows: tables } = await knex.raw<{ rows: { name: string }[] }>(
    `SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
       AND NOT relispartition AND relname <> ALL (?) ORDER BY relname`,
    [ALWAYS_CHANGING as never],
  );
  const parts = tables.map(
    ({ name }) =>
      `SELECT '${name}' AS name, count(*) || ':' || coalesce(md5(string_agg(t::text, ';' ORDER BY t::text)), '') AS state FROM "${name}" t`,
  );
  const { rows } = await knex.raw<{ rows: { name: string; state: string }[] }>(parts.join(' UNION ALL '));
  return Object.fromEntries(rows.map(({ name, state }) => [name, state]));
}
