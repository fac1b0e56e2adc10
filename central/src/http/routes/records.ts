import { RollcallError } from '@rollcall/protocol/errors';
import type { Principal } from '../../auth/principal.js';
import { requireSession, visibleRecords } from '../../auth/scope.js';
import type { Knex } from '../../db/database.js';
import type { Mark } from '../../rules/facts.js';
import { Conditions } from '../conditions.js';
import { API, uuidParams } from '../contracts/fields.js';
import {
  explanationSchema,
  type RecordItem,
  recordSchema,
  recordsQuery,
  sessionRecordsQuery,
} from '../contracts/records.js';
import { decodeCursor, pageFrom, pageOf, shortText, uuidText } from '../cursor.js';
import { etagOf } from '../etag.js';
import { defineRoute } from '../route.js';
import { loadExplanation } from '../views/explanation-view.js';
import { RECORD_COLUMNS, RECORD_JOINS, type RecordRow, toRecordItem } from '../views/record-view.js';

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

interface MarksQuery {
  session?: string | undefined;
  student?: string | undefined;
  mark?: Mark | undefined;
  cursor?: string | undefined;
  limit: number;
}

async function listMarks(
  knex: Knex,
  principal: Principal,
  query: MarksQuery,
): Promise<{ results: RecordItem[]; next: string | null }> {
  const conditions = new Conditions()
    .equal('r.session_id', query.session)
    .equal('st.roll_number', query.student)
    .equal('r.mark', query.mark);
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
  async ({ principal, params }, { db }) => {
    const scope = visibleRecords(principal, 'records.read', { session: 's', studentId: 'r.student_id' });
    const { rows } = await db.knex.raw<{ rows: object[] }>(
      `SELECT 1 FROM ${RECORD_JOINS} WHERE r.id = ?::uuid AND (${scope.sql})`,
      [params.id, ...scope.bindings],
    );
    const body = rows.length === 0 ? undefined : await loadExplanation(db.knex, params.id);
    if (body === undefined) {
      throw new RollcallError(
        'NOT_FOUND',
        `There is no attendance record ${params.id}; look it up in the list of records`,
      );
    }
    return { body, headers: { ETag: etagOf(body.version) } };
  },
);
