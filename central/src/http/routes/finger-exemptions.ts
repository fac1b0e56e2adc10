import { RollcallError } from '@rollcall/protocol/errors';
import { requireStudent, visibleStudents } from '../../auth/scope.js';
import { endExemption, grantExemption, holdExemption } from '../../consent/finger-exemptions.js';
import type { Knex } from '../../db/database.js';
import type { FingerAlternative } from '../../rules/facts.js';
import { Conditions } from '../conditions.js';
import { API, toInstant, toInstantOrNull, uuidParams } from '../contracts/fields.js';
import {
  type ExemptionItem,
  endExemptionBody,
  exemptionBody,
  exemptionSchema,
  exemptionsQuery,
} from '../contracts/finger-exemptions.js';
import { decodeCursor, pageFrom, pageOf, uuidText } from '../cursor.js';
import { etagOf, refuseStale } from '../etag.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'Consent and templates';
const PATH = `${API}/finger-exemptions/`;

interface Row {
  id: string;
  student_id: string;
  roll_number: string;
  full_name: string;
  way: FingerAlternative;
  valid_from: string;
  valid_until: string | null;
  granted_by: string | null;
  granted_at: Date;
  ended_by: string | null;
  ended_at: Date | null;
  version: number;
}

const SELECT_SQL = `SELECT x.id, x.student_id, st.roll_number, st.full_name, x.way, x.valid_from, x.valid_until,
    granter.display_name AS granted_by, x.granted_at, ender.display_name AS ended_by, x.ended_at, x.version
  FROM finger_exemption x JOIN student st ON st.id = x.student_id
    LEFT JOIN account granter ON granter.id = x.granted_by LEFT JOIN account ender ON ender.id = x.ended_by`;

const toItem = (row: Row): ExemptionItem => ({
  id: row.id,
  student: { id: row.student_id, roll_number: row.roll_number, name: row.full_name },
  way: row.way,
  valid_from: row.valid_from,
  valid_until: row.valid_until,
  granted_by: row.granted_by,
  granted_at: toInstant(row.granted_at),
  ended_by: row.ended_by,
  ended_at: toInstantOrNull(row.ended_at),
  version: row.version,
});

async function load(knex: Knex, id: string): Promise<ExemptionItem> {
  const { rows } = await knex.raw<{ rows: Row[] }>(`${SELECT_SQL} WHERE x.id = ?::uuid`, [id]);
  return toItem(rows[0] as Row);
}

export const listFingerExemptions = defineRoute(
  {
    method: 'get',
    path: PATH,
    operationId: 'listFingerExemptions',
    tag: TAG,
    summary: 'Who is not asked for a finger, what stands in for it, and who decided so',
    access: 'exemptions.read',
    query: exemptionsQuery,
    reply: { schema: pageOf(exemptionSchema) },
  },
  async ({ principal, query }, { db }) => {
    const scope = visibleStudents(principal, 'exemptions.read');
    const conditions = new Conditions()
      .add(scope.sql, ...scope.bindings)
      .equal('x.student_id', query.student);
    if (query.on !== undefined) {
      conditions.add('daterange(x.valid_from, x.valid_until) @> ?::date', query.on);
    }
    const position = decodeCursor(query.cursor, [uuidText]);
    if (position !== undefined) conditions.add('x.id > ?::uuid', ...position);
    const { rows } = await db.knex.raw<{ rows: Row[] }>(
      `${SELECT_SQL} WHERE ${conditions.where} ORDER BY x.id LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return { body: pageFrom(rows, query.limit, { item: toItem, position: (row) => [row.id] }) };
  },
);

export const readFingerExemption = defineRoute(
  {
    method: 'get',
    path: `${PATH}{id}/`,
    operationId: 'readFingerExemption',
    tag: TAG,
    summary: 'One exemption; its version is the ETag',
    access: 'exemptions.read',
    params: uuidParams,
    reply: { schema: exemptionSchema },
    errors: ['NOT_FOUND'],
  },
  async ({ principal, params }, { db }) => {
    const scope = visibleStudents(principal, 'exemptions.read');
    const { rows } = await db.knex.raw<{ rows: Row[] }>(
      `${SELECT_SQL} WHERE x.id = ?::uuid AND (${scope.sql})`,
      [params.id, ...scope.bindings],
    );
    const [row] = rows;
    if (row === undefined) throw notFound(params.id);
    return { body: toItem(row), headers: { ETag: etagOf(row.version) } };
  },
);

export const grantFingerExemption = defineRoute(
  {
    method: 'post',
    path: PATH,
    operationId: 'grantFingerExemption',
    tag: TAG,
    summary:
      'Asks a student for no finger from a date on: a card with its PIN or the faculty member stands in',
    access: 'exemptions.write',
    status: 201,
    body: exemptionBody,
    reply: { schema: exemptionSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'ALREADY_EXISTS'],
  },
  async (input, { db, clock }) => {
    const { body, principal } = input;
    await requireStudent(db.knex, principal, 'exemptions.write', body.student);
    const { student: studentId, way, valid_from: from, valid_until: until } = body;
    const item = await writeAs(db.knex, input, async (trx) => {
      const actor = { accountId: principal.accountId, nowMs: clock.wallMs() };
      return load(trx, await grantExemption(trx, { studentId, way, from, until }, actor));
    });
    return { body: item, headers: { ETag: etagOf(item.version) } };
  },
);

export const endFingerExemption = defineRoute(
  {
    method: 'post',
    path: `${PATH}{id}/end/`,
    operationId: 'endFingerExemption',
    tag: TAG,
    summary: 'From a date on the student is asked for a finger as everybody else, and one can be enrolled',
    access: 'exemptions.write',
    params: uuidParams,
    body: endExemptionBody,
    headers: { 'If-Match': 'The ETag you read; if it has changed since, the answer is STALE' },
    reply: { schema: exemptionSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE', 'INVALID_TRANSITION'],
  },
  async (input, { db, clock }) => {
    const { params, body, principal, request } = input;
    const item = await writeAs(db.knex, input, async (trx) => {
      const held = await holdExemption(trx, params.id);
      if (held === undefined) throw notFound(params.id);
      await requireStudent(trx, principal, 'exemptions.write', held.studentId);
      refuseStale(held.version, request.headers['if-match'], body.version);
      const actor = { accountId: principal.accountId, nowMs: clock.wallMs() };
      await endExemption(trx, { held, until: body.valid_until }, actor);
      return load(trx, params.id);
    });
    return { body: item, headers: { ETag: etagOf(item.version) } };
  },
);

const notFound = (id: string): RollcallError => new RollcallError('NOT_FOUND', `There is no exemption ${id}`);
