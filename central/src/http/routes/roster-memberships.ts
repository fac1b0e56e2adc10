import { RollcallError } from '@rollcall/protocol/errors';
import { visibleStudents } from '../../auth/scope.js';
import type { Knex } from '../../db/database.js';
import { holdMembership, join, leave, type RosterActor, remove } from '../../roster/memberships.js';
import { Conditions } from '../conditions.js';
import { emptySchema } from '../contracts/auth.js';
import { API } from '../contracts/fields.js';
import {
  joinBody,
  leaveBody,
  type MembershipItem,
  membershipParams,
  membershipSchema,
  membershipsQuery,
  moveBody,
  movedSchema,
} from '../contracts/roster-memberships.js';
import { decodeCursor, pageFrom, pageOf } from '../cursor.js';
import { etagOf, refuseStale } from '../etag.js';
import { defineRoute, type RouteContract, type RouteInput } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'People';
const PATH = `${API}/roster-memberships/`;
const IF_MATCH = { 'If-Match': 'The ETag you read; if it has changed since, the answer is STALE' } as const;
const CHANGE_ERRORS = ['NOT_FOUND', 'FORBIDDEN', 'STALE', 'ALREADY_EXISTS', 'INVALID_TRANSITION'] as const;

interface Row {
  id: number;
  section_id: string;
  student_id: string;
  roll_number: string;
  full_name: string;
  valid_from: string;
  valid_until: string | null;
  version: number;
  updated_at: Date;
}

const SELECT_SQL = `SELECT m.id, m.section_id, m.student_id, st.roll_number, st.full_name,
    lower(m.valid_during) AS valid_from, upper(m.valid_during) AS valid_until, m.version, m.updated_at
  FROM roster_membership m JOIN student st ON st.id = m.student_id`;

const toItem = (row: Row): MembershipItem => ({
  id: String(row.id),
  section: row.section_id,
  student: { id: row.student_id, roll_number: row.roll_number, name: row.full_name },
  valid_from: row.valid_from,
  valid_until: row.valid_until,
  version: row.version,
  updated_at: row.updated_at.toISOString(),
});

async function load(knex: Knex, id: string): Promise<MembershipItem> {
  const { rows } = await knex.raw<{ rows: Row[] }>(`${SELECT_SQL} WHERE m.id = ?::bigint`, [id]);
  return toItem(rows[0] as Row);
}

const positionText = membershipParams.shape.id;

export const listMemberships = defineRoute(
  {
    method: 'get',
    path: PATH,
    operationId: 'listRosterMemberships',
    tag: TAG,
    summary: 'Who is in which group, from when until when',
    access: 'people.read',
    query: membershipsQuery,
    reply: { schema: pageOf(membershipSchema) },
  },
  async ({ principal, query }, { db }) => {
    const scope = visibleStudents(principal, 'people.read');
    const conditions = new Conditions()
      .add(scope.sql, ...scope.bindings)
      .equal('m.section_id', query.section)
      .equal('m.student_id', query.student);
    if (query.on !== undefined) conditions.add('m.valid_during @> ?::date', query.on);
    const position = decodeCursor(query.cursor, [positionText]);
    if (position !== undefined) conditions.add('m.id > ?::bigint', ...position);
    const { rows } = await db.knex.raw<{ rows: Row[] }>(
      `${SELECT_SQL} WHERE ${conditions.where} ORDER BY m.id LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return { body: pageFrom(rows, query.limit, { item: toItem, position: (row) => [String(row.id)] }) };
  },
);

export const readMembership = defineRoute(
  {
    method: 'get',
    path: `${PATH}{id}/`,
    operationId: 'readRosterMembership',
    tag: TAG,
    summary: 'One membership; its version is the ETag',
    access: 'people.read',
    params: membershipParams,
    reply: { schema: membershipSchema },
    errors: ['NOT_FOUND'],
  },
  async ({ principal, params }, { db }) => {
    const scope = visibleStudents(principal, 'people.read');
    const { rows } = await db.knex.raw<{ rows: Row[] }>(
      `${SELECT_SQL} WHERE m.id = ?::bigint AND (${scope.sql})`,
      [params.id, ...scope.bindings],
    );
    const [row] = rows;
    if (row === undefined) throw new RollcallError('NOT_FOUND', `There is no roster membership ${params.id}`);
    return { body: toItem(row), headers: { ETag: etagOf(row.version) } };
  },
);

export const joinSection = defineRoute(
  {
    method: 'post',
    path: PATH,
    operationId: 'joinSection',
    tag: TAG,
    summary:
      'Puts a student into a group from a date on; classes before it ask nothing of them, later ones are judged again',
    access: 'people.write',
    status: 201,
    body: joinBody,
    reply: { schema: membershipSchema },
    errors: ['FORBIDDEN', 'ALREADY_EXISTS', 'INVALID_TRANSITION'],
  },
  async (input, { db, clock }) => {
    const { body } = input;
    const item = await writeAs(db.knex, input, async (trx) => {
      await refuseUnknownSection(trx, body.section);
      await refuseUnknownStudent(trx, body.student);
      const { section: sectionId, student: studentId, valid_from: from, valid_until: until } = body;
      const made = await join(trx, { sectionId, studentId, from, until }, actorOf(input, clock.wallMs()));
      return load(trx, made.id);
    });
    return { body: item, headers: { ETag: etagOf(item.version) } };
  },
);

export const leaveSection = defineRoute(
  {
    method: 'post',
    path: `${PATH}{id}/leave/`,
    operationId: 'leaveSection',
    tag: TAG,
    summary: 'Takes a student out of a group from a date on; what was held before stays as it is',
    access: 'people.write',
    params: membershipParams,
    body: leaveBody,
    headers: IF_MATCH,
    reply: { schema: membershipSchema },
    errors: CHANGE_ERRORS,
  },
  async (input, { db, clock }) => {
    const { params, body, request } = input;
    const item = await writeAs(db.knex, input, async (trx) => {
      const held = await holdMembership(trx, params.id);
      refuseStale(held.version, request.headers['if-match'], body.version);
      await leave(trx, { held, until: body.valid_until }, actorOf(input, clock.wallMs()));
      return load(trx, params.id);
    });
    return { body: item, headers: { ETag: etagOf(item.version) } };
  },
);

export const moveSection = defineRoute(
  {
    method: 'post',
    path: `${PATH}{id}/move/`,
    operationId: 'moveSection',
    tag: TAG,
    summary:
      'Moves a student to another group on a date: before it the old one counts, from it on the new one',
    access: 'people.write',
    params: membershipParams,
    body: moveBody,
    headers: IF_MATCH,
    reply: { schema: movedSchema },
    errors: CHANGE_ERRORS,
  },
  async (input, { db, clock }) => {
    const { params, body, request } = input;
    const moved = await writeAs(db.knex, input, async (trx) => {
      const held = await holdMembership(trx, params.id);
      refuseStale(held.version, request.headers['if-match'], body.version);
      await refuseUnknownSection(trx, body.section);
      const actor = actorOf(input, clock.wallMs());
      const { until, studentId } = held;
      if (until !== null && until <= body.from) {
        throw new RollcallError('REQUEST_INVALID', `from: this membership has ended on ${until} already`);
      }
      await leave(trx, { held, until: body.from }, actor);
      const made = await join(trx, { sectionId: body.section, studentId, from: body.from, until }, actor);
      return { left: await load(trx, params.id), joined: await load(trx, made.id) };
    });
    return { body: moved };
  },
);

export const deleteMembership = defineRoute(
  {
    method: 'delete',
    path: `${PATH}{id}/`,
    operationId: 'deleteRosterMembership',
    tag: TAG,
    summary: 'Removes a membership that was a mistake; one that marks were made by is ended instead',
    access: 'people.write',
    params: membershipParams,
    headers: IF_MATCH,
    reply: { schema: emptySchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE', 'MASTER_IN_USE'],
  },
  async (input, { db, clock }) => {
    const { params, principal, request } = input;
    await writeAs(db.knex, input, async (trx) => {
      const held = await holdMembership(trx, params.id);
      refuseStale(held.version, request.headers['if-match'], undefined);
      const actor = { accountId: principal.accountId, nowMs: clock.wallMs(), reason: '' };
      await remove(trx, held, actor);
    });
    return { body: {} };
  },
);

function actorOf(
  { principal, body }: Pick<RouteInput<RouteContract>, 'principal'> & { body: { reason: string } },
  nowMs: number,
): RosterActor {
  return { accountId: principal.accountId, nowMs, reason: body.reason };
}

async function refuseUnknownSection(trx: Knex, id: string): Promise<void> {
  if ((await trx('section').where({ id }).first('id')) !== undefined) return;
  throw new RollcallError('REQUEST_INVALID', `section: there is no section ${id}`);
}

async function refuseUnknownStudent(trx: Knex, id: string): Promise<void> {
  if ((await trx('student').where({ id }).first('id')) !== undefined) return;
  throw new RollcallError('REQUEST_INVALID', `student: there is no student ${id}`);
}
