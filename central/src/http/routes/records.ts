import { RollcallError } from '@rollcall/protocol/errors';
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
import { defineRoute } from '../route.js';
import { loadExplanation } from '../views/explanation-view.js';
import { RECORD_COLUMNS, RECORD_JOINS, type RecordRow, toRecordItem } from '../views/record-view.js';
import { unknownSession } from './sessions.js';

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
  async ({ query }, { db }) => ({ body: await listMarks(db.knex, query) }),
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
  async ({ params, query }, { db }) => {
    const body = await listMarks(db.knex, { ...query, session: params.id });
    if (body.results.length === 0) {
      const exists = await db.knex('attendance_session').where({ id: params.id }).first('id');
      if (exists === undefined) throw unknownSession(params.id);
    }
    return { body };
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
  query: MarksQuery,
): Promise<{ results: RecordItem[]; next: string | null }> {
  const conditions = new Conditions()
    .equal('r.session_id', query.session)
    .equal('st.roll_number', query.student)
    .equal('r.mark', query.mark);
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
  async ({ params }, { db }) => {
    const body = await loadExplanation(db.knex, params.id);
    if (body === undefined) {
      throw new RollcallError(
        'NOT_FOUND',
        `There is no attendance record ${params.id}; look it up in the list of records`,
      );
    }
    return { body };
  },
);
