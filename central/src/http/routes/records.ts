import { RollcallError } from '@rollcall/protocol/errors';
import type { Principal } from '../../auth/principal.js';
import { requireSession, visibleRecords } from '../../auth/scope.js';
import type { Knex } from '../../db/database.js';
import { Conditions } from '../conditions.js';
import { API, uuidParams } from '../contracts/fields.js';
import {
  explanationSchema,
  type RecordItem,
  type RecordsQuery,
  recordSchema,
  recordsQuery,
  sessionRecordsQuery,
} from '../contracts/records.js';
import { decodeCursor, pageFrom, pageOf, shortText, uuidText } from '../cursor.js';
import { etagOf } from '../etag.js';
import { defineRoute } from '../route.js';
import { loadExplanation } from '../views/explanation-view.js';
import {
  loadRecordItems,
  RECORD_COLUMNS,
  RECORD_JOINS,
  type RecordRow,
  toRecordItem,
} from '../views/record-view.js';

const TAG = 'Attendance records';

export const listRecords = defineRoute(
  {
    method: 'get',
    path: `${API}/records/`,
    operationId: 'listRecords',
    tag: TAG,
    summary: 'Marks, by roll number',
    access: 'records.read',
    query: recordsQuery,
    reply: { schema: pageOf(recordSchema) },
  },
  async ({ principal, query }, { db }) => ({ body: await listMarks(db.knex, principal, query) }),
);

export const listSessionRecords = defineRoute(
  {
    method: 'get',
    path: `${API}/sessions/{id}/records/`,
    operationId: 'listSessionRecords',
    tag: TAG,
    summary: 'Marks of one class session, by roll number',
    access: 'records.read',
    params: uuidParams,
    query: sessionRecordsQuery,
    reply: { schema: pageOf(recordSchema) },
    errors: ['NOT_FOUND'],
  },
  async ({ principal, params, query }, { db }) => {
    await requireSession(db.knex, principal, 'records.read', params.id);
    return { body: await listMarks(db.knex, principal, { ...query, session: params.id }) };
  },
);

async function listMarks(
  knex: Knex,
  principal: Principal,
  query: RecordsQuery,
): Promise<{ results: RecordItem[]; next: string | null }> {
  const conditions = new Conditions()
    .equal('r.session_id', query.session)
    .equal('st.roll_number', query.student)
    .equal('r.mark', query.mark)
    .equal('r.source', query.source)
    .equal('s.academic_period_id', query.academic_period);
  if (query.sync_status !== undefined) conditions.add(SYNC_STATUS_SQL[query.sync_status]);
  const scope = visibleRecords(principal, 'records.read', { session: 's', studentId: 'r.student_id' });
  conditions.add(scope.sql, ...scope.bindings);
  const position = decodeCursor(query.cursor, [shortText, uuidText]);
  if (position !== undefined) conditions.add('(st.roll_number, r.id) > (?, ?::uuid)', ...position);
  const { rows } = await knex.raw<{ rows: RecordRow[] }>(
    `SELECT ${RECORD_COLUMNS} FROM ${RECORD_JOINS} WHERE ${conditions.where} ORDER BY st.roll_number, r.id LIMIT ?`,
    [...conditions.bindings, query.limit + 1] as never,
  );
  return pageFrom(rows, query.limit, { item: toRecordItem, position: (row) => [row.roll_number, row.id] });
}

const IN_REVIEW_SQL = `EXISTS (SELECT FROM offline_row o
  WHERE o.session_id = r.session_id AND o.student_id = r.student_id AND o.outcome = 'review')`;
const SYNC_STATUS_SQL = {
  conflict: IN_REVIEW_SQL,
  pending: `r.mark = 'pending' AND NOT ${IN_REVIEW_SQL}`,
  synced: `r.mark <> 'pending' AND NOT ${IN_REVIEW_SQL}`,
} as const;

export const readRecord = defineRoute(
  {
    method: 'get',
    path: `${API}/records/{id}/`,
    operationId: 'readRecord',
    tag: TAG,
    summary: 'One mark; its version is the ETag',
    access: 'records.read',
    params: uuidParams,
    reply: { schema: recordSchema },
    errors: ['NOT_FOUND'],
  },
  async ({ principal, params }, { db }) => {
    await requireRecord(db.knex, principal, params.id);
    const [body] = await loadRecordItems(db.knex, [params.id]);
    if (body === undefined) throw unknownRecord(params.id);
    return { body, headers: { ETag: etagOf(body.version) } };
  },
);

/** @throws RollcallError `NOT_FOUND`, also for the mark of somebody whom the person does not see */
async function requireRecord(knex: Knex, principal: Principal, id: string): Promise<void> {
  const scope = visibleRecords(principal, 'records.read', { session: 's', studentId: 'r.student_id' });
  const { rows } = await knex.raw<{ rows: object[] }>(
    `SELECT 1 FROM ${RECORD_JOINS} WHERE r.id = ?::uuid AND (${scope.sql})`,
    [id, ...scope.bindings],
  );
  if (rows.length === 0) throw unknownRecord(id);
}

const unknownRecord = (id: string): RollcallError =>
  new RollcallError('NOT_FOUND', `There is no attendance record ${id}; look it up in the list of records`);

export const explainRecord = defineRoute(
  {
    method: 'get',
    path: `${API}/records/{id}/explain/`,
    operationId: 'explainRecord',
    tag: TAG,
    summary: 'Why a mark is what it is: rule, limits, evidence used and ignored, and how it came to be',
    access: 'records.read',
    params: uuidParams,
    reply: { schema: explanationSchema },
    errors: ['NOT_FOUND'],
  },
  async ({ principal, params }, { db, log }) => {
    await requireRecord(db.knex, principal, params.id);
    const body = await loadExplanation({ knex: db.knex, log }, params.id);
    if (body === undefined) throw unknownRecord(params.id);
    // Evidence comes without a new version.
    return { body, headers: { ETag: etagOf(body.version) }, isAlwaysSent: true };
  },
);
