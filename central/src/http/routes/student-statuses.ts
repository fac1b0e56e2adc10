import { RollcallError } from '@rollcall/protocol/errors';
import { requireStudent, visibleStudents } from '../../auth/scope.js';
import type { Knex } from '../../db/database.js';
import {
  endStatus,
  enterStatus,
  holdStatus,
  type StatusPeriod,
  withdrawStatus,
} from '../../roster/student-statuses.js';
import { Conditions } from '../conditions.js';
import { API, toInstant, toInstantOrNull, uuidParams } from '../contracts/fields.js';
import {
  endStudentStatusBody,
  type StudentStatusItem,
  studentStatusBody,
  studentStatusesQuery,
  studentStatusSchema,
  withdrawStudentStatusBody,
} from '../contracts/student-statuses.js';
import { decodeCursor, pageFrom, pageOf, uuidText } from '../cursor.js';
import { etagOf, refuseStale } from '../etag.js';
import { defineRoute, type RouteContract, type RouteInput } from '../route.js';
import { type Writer, writeAs } from '../write-as.js';

const TAG = 'People';
const PATH = `${API}/student-statuses/`;
const IF_MATCH = { 'If-Match': 'The ETag you read; if it has changed since, the answer is STALE' } as const;

interface Row {
  id: string;
  student_id: string;
  roll_number: string;
  full_name: string;
  status: StatusPeriod['status'];
  valid_from: string;
  valid_until: string | null;
  reason: string;
  entered_by: string | null;
  entered_at: Date;
  ended_by: string | null;
  ended_at: Date | null;
  withdrawn_at: Date | null;
  version: number;
}

const SELECT_SQL = `SELECT p.id, p.student_id, st.roll_number, st.full_name, p.status,
    lower(p.valid_during) AS valid_from, upper(p.valid_during) AS valid_until, p.reason,
    enterer.display_name AS entered_by, p.entered_at, ender.display_name AS ended_by, p.ended_at, p.withdrawn_at, p.version
  FROM student_status_period p JOIN student st ON st.id = p.student_id
    LEFT JOIN account enterer ON enterer.id = p.entered_by LEFT JOIN account ender ON ender.id = p.ended_by`;

const toItem = (row: Row): StudentStatusItem => ({
  id: row.id,
  student: { id: row.student_id, roll_number: row.roll_number, name: row.full_name },
  status: row.status,
  valid_from: row.valid_from,
  valid_until: row.valid_until,
  reason: row.reason,
  entered_by: row.entered_by,
  entered_at: toInstant(row.entered_at),
  ended_by: row.ended_by,
  ended_at: toInstantOrNull(row.ended_at),
  withdrawn_at: toInstantOrNull(row.withdrawn_at),
  version: row.version,
});

async function load(knex: Knex, id: string): Promise<StudentStatusItem> {
  const { rows } = await knex.raw<{ rows: Row[] }>(`${SELECT_SQL} WHERE p.id = ?::uuid`, [id]);
  return toItem(rows[0] as Row);
}

export const listStudentStatuses = defineRoute(
  {
    method: 'get',
    path: PATH,
    operationId: 'listStudentStatuses',
    tag: TAG,
    summary: 'Who was suspended, withdrawn, dropped or graduated, from when until when, and who entered it',
    access: 'student_statuses.read',
    query: studentStatusesQuery,
    reply: { schema: pageOf(studentStatusSchema) },
  },
  async ({ principal, query }, { db }) => {
    const scope = visibleStudents(principal, 'student_statuses.read');
    const conditions = new Conditions()
      .add(scope.sql, ...scope.bindings)
      .equal('p.student_id', query.student)
      .equal('p.status', query.status);
    if (query.on !== undefined) {
      conditions.add('p.valid_during @> ?::date AND p.withdrawn_at IS NULL', query.on);
    }
    const position = decodeCursor(query.cursor, [uuidText]);
    if (position !== undefined) conditions.add('p.id > ?::uuid', ...position);
    const { rows } = await db.knex.raw<{ rows: Row[] }>(
      `${SELECT_SQL} WHERE ${conditions.where} ORDER BY p.id LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return { body: pageFrom(rows, query.limit, { item: toItem, position: (row) => [row.id] }) };
  },
);

export const readStudentStatus = defineRoute(
  {
    method: 'get',
    path: `${PATH}{id}/`,
    operationId: 'readStudentStatus',
    tag: TAG,
    summary: 'One of them; its version is the ETag',
    access: 'student_statuses.read',
    params: uuidParams,
    reply: { schema: studentStatusSchema },
    errors: ['NOT_FOUND'],
  },
  async ({ principal, params }, { db }) => {
    const scope = visibleStudents(principal, 'student_statuses.read');
    const { rows } = await db.knex.raw<{ rows: Row[] }>(
      `${SELECT_SQL} WHERE p.id = ?::uuid AND (${scope.sql})`,
      [params.id, ...scope.bindings],
    );
    const [row] = rows;
    if (row === undefined) throw notFound(params.id);
    return { body: toItem(row), headers: { ETag: etagOf(row.version) } };
  },
);

export const enterStudentStatus = defineRoute(
  {
    method: 'post',
    path: PATH,
    operationId: 'enterStudentStatus',
    tag: TAG,
    summary:
      'What a student is from a date on; the classes of these days are judged again, also those that have been held',
    access: 'student_statuses.write',
    status: 201,
    body: studentStatusBody,
    reply: { schema: studentStatusSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'ALREADY_EXISTS', 'INVALID_TRANSITION'],
  },
  async (input, { db, clock }) => {
    const { body, principal } = input;
    await requireStudent(db.knex, principal, 'student_statuses.write', body.student);
    const { student: studentId, status, valid_from: from, valid_until: until } = body;
    const item = await writeAs(db.knex, input, async (trx) =>
      load(trx, await enterStatus(trx, { studentId, status, from, until }, actorOf(input, clock.wallMs()))),
    );
    return { body: item, headers: { ETag: etagOf(item.version) } };
  },
);

export const endStudentStatus = defineRoute(
  {
    method: 'post',
    path: `${PATH}{id}/end/`,
    operationId: 'endStudentStatus',
    tag: TAG,
    summary: 'Gives it another end; whoever comes back after having left joins groups anew',
    access: 'student_statuses.write',
    params: uuidParams,
    body: endStudentStatusBody,
    headers: IF_MATCH,
    reply: { schema: studentStatusSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE', 'ALREADY_EXISTS', 'INVALID_TRANSITION'],
  },
  async (input, { db, clock }) => {
    const { body } = input;
    return changed(db.knex, input, (trx, held) =>
      endStatus(trx, { held, until: body.valid_until }, actorOf(input, clock.wallMs())),
    );
  },
);

export const withdrawStudentStatus = defineRoute(
  {
    method: 'post',
    path: `${PATH}{id}/withdraw/`,
    operationId: 'withdrawStudentStatus',
    tag: TAG,
    summary: 'It was a mistake: marks are as if it had never been, and groups that ended with it go on',
    access: 'student_statuses.write',
    params: uuidParams,
    body: withdrawStudentStatusBody,
    headers: IF_MATCH,
    reply: { schema: studentStatusSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE', 'ALREADY_EXISTS', 'INVALID_TRANSITION'],
  },
  async (input, { db, clock }) => {
    return changed(db.knex, input, (trx, held) => withdrawStatus(trx, held, actorOf(input, clock.wallMs())));
  },
);

type ChangeInput = Writer & { params: { id: string }; body: { version?: number | undefined } };

/** Changes the status that was seen and no other, and answers with what it is now. */
async function changed(
  knex: Knex,
  input: ChangeInput,
  act: (trx: Knex, held: StatusPeriod) => Promise<void>,
): Promise<{ body: StudentStatusItem; headers: { ETag: string } }> {
  const { params, body, request } = input;
  const item = await writeAs(knex, input, async (trx) => {
    const held = await hold(trx, params.id);
    refuseStale(held.version, request.headers['if-match'], body.version);
    await act(trx, held);
    return load(trx, params.id);
  });
  return { body: item, headers: { ETag: etagOf(item.version) } };
}

async function hold(trx: Knex, id: string): Promise<StatusPeriod> {
  const held = await holdStatus(trx, id);
  if (held === undefined) throw notFound(id);
  return held;
}

const actorOf = (
  { principal, body }: Pick<RouteInput<RouteContract>, 'principal'> & { body: { reason: string } },
  nowMs: number,
) => ({ accountId: principal.accountId, nowMs, reason: body.reason });

const notFound = (id: string): RollcallError =>
  new RollcallError('NOT_FOUND', `There is no student status ${id}`);
