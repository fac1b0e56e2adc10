import { RollcallError } from '@rollcall/protocol/errors';
import type { Principal } from '../../auth/principal.js';
import { visibleStudents } from '../../auth/scope.js';
import type { Knex } from '../../db/database.js';
import { studentsToApplyFor } from '../../leave/leave-access.js';
import {
  applyForMany,
  BATCH_TABLE,
  type BatchDecision,
  decideBatch,
  unknownBatch,
} from '../../leave/leave-batch.js';
import { LEAVE_STATUSES, type LeaveStatus } from '../../leave/leave-row.js';
import { DOCUMENT_REQUEST_BYTES_MAX, readDocument } from '../../privacy/document.js';
import { API, toInstant, uuidParams } from '../contracts/fields.js';
import { batchDecideBody, batchRevokeBody, leaveBatchBody, leaveBatchSchema } from '../contracts/leave.js';
import { defineRoute, type HttpContext, type Route } from '../route.js';
import { type Writer, writeAs } from '../write-as.js';
import { applying, LEAVE_TAG, partOf } from './leave.js';
import { DECIDE_LEAVE_ERRORS, LEAVE_VERDICTS } from './leave-decisions.js';

type Verdict = BatchDecision['verdict'];

export const createLeaveBatch = defineRoute(
  {
    method: 'post',
    path: `${API}/leave-batches/`,
    operationId: 'createLeaveBatch',
    tag: LEAVE_TAG,
    summary: 'On-duty leave of many students by one letter; all of them or none',
    access: 'leave.apply',
    rate: 'bulk_mark',
    status: 201,
    body: leaveBatchBody,
    bodyBytesMax: DOCUMENT_REQUEST_BYTES_MAX,
    reply: { schema: leaveBatchSchema },
    errors: ['FORBIDDEN', 'ROWS_REFUSED', 'LEAVE_OVERLAP', 'DOCUMENT_INVALID'],
  },
  async (input, context) => {
    const { principal, body } = input;
    const { knex } = context.db;
    const students = await studentsToApplyFor(knex, principal, body.students);
    const unknown = body.students.filter((given) => !students.has(given));
    if (unknown.length > 0) {
      throw new RollcallError(
        'ROWS_REFUSED',
        `Nothing was applied for; there is no student ${unknown.join(', ')}`,
      );
    }
    const id = await writeAs(knex, input, (trx) =>
      applyForMany(
        trx,
        {
          studentIds: [...students.values()],
          title: body.title,
          leaveType: body.leave_type,
          startDate: body.start_date,
          endDate: body.end_date,
          part: partOf(body),
          reason: body.reason,
          document: body.supporting_document && readDocument(body.supporting_document),
          affectsAttendance: true,
          autoApplyToSessions: true,
        },
        applying(principal, context),
      ),
    );
    return { status: 201, body: await loadBatch(knex, principal, id) };
  },
);

export const readLeaveBatch = defineRoute(
  {
    method: 'get',
    path: `${API}/leave-batches/{id}/`,
    operationId: 'readLeaveBatch',
    tag: LEAVE_TAG,
    summary: 'A letter for many, with the applications that the person may see',
    access: 'leave.read',
    params: uuidParams,
    reply: { schema: leaveBatchSchema },
    errors: ['NOT_FOUND'],
  },
  async ({ principal, params }, { db }) => ({ body: await loadBatch(db.knex, principal, params.id) }),
);

function contractOf<Body extends typeof batchDecideBody | typeof batchRevokeBody>(
  verdict: Verdict,
  body: Body,
) {
  return {
    method: 'post',
    path: `${API}/leave-batches/{id}/${verdict}/`,
    operationId: `${verdict}LeaveBatch`,
    tag: LEAVE_TAG,
    summary: `For every application of the batch at once. ${LEAVE_VERDICTS[verdict]}`,
    access: 'leave.decide',
    params: uuidParams,
    body,
    reply: { schema: leaveBatchSchema },
    errors: DECIDE_LEAVE_ERRORS,
  } as const;
}

interface DecisionInput extends Writer {
  params: { id: string };
  body: { decision_note: string };
}

async function decide(verdict: Verdict, input: DecisionInput, { db, clock }: HttpContext) {
  const { principal, params, body } = input;
  await loadBatch(db.knex, principal, params.id);
  await writeAs(db.knex, input, (trx) =>
    decideBatch(trx, { id: params.id, verdict, note: body.decision_note, principal, nowMs: clock.wallMs() }),
  );
  return { body: await loadBatch(db.knex, principal, params.id) };
}

export const leaveBatchDecisions: readonly Route[] = [
  defineRoute(contractOf('approve', batchDecideBody), (input, context) => decide('approve', input, context)),
  defineRoute(contractOf('reject', batchDecideBody), (input, context) => decide('reject', input, context)),
  defineRoute(contractOf('revoke', batchRevokeBody), (input, context) => decide('revoke', input, context)),
];

interface BatchRow {
  id: string;
  title: string;
  leave_type: 'on_duty' | 'sport';
  has_document: boolean;
  created_by: string | null;
  created_at: Date;
}

/** @throws RollcallError `NOT_FOUND` where the person sees none of its applications */
async function loadBatch(knex: Knex, principal: Principal, id: string) {
  const { rows: batches } = await knex.raw<{ rows: BatchRow[] }>(
    `SELECT b.id, b.title, b.leave_type, b.document_sealed IS NOT NULL AS has_document, a.display_name AS created_by,
       b.created_at
     FROM ${BATCH_TABLE} b LEFT JOIN account a ON a.id = b.created_by WHERE b.id = ?::uuid`,
    [id],
  );
  const scope = visibleStudents(principal, 'leave.read');
  const { rows } = await knex.raw<{
    rows: { id: string; roll_number: string; full_name: string; status: LeaveStatus }[];
  }>(
    `SELECT l.id, st.roll_number, st.full_name, l.status
     FROM attendance_leave_application l JOIN student st ON st.id = l.student_id
     WHERE l.batch_id = ?::uuid AND (${scope.sql}) ORDER BY st.roll_number`,
    [id, ...scope.bindings],
  );
  const [batch] = batches;
  if (batch === undefined || rows.length === 0) throw unknownBatch(id);
  const counts = Object.fromEntries(
    LEAVE_STATUSES.map((status) => [status, rows.filter((row) => row.status === status).length]),
  ) as Record<LeaveStatus, number>;
  return {
    ...batch,
    created_at: toInstant(batch.created_at),
    counts,
    applications: rows.map((row) => ({
      id: row.id,
      student: { roll_number: row.roll_number, name: row.full_name },
      status: row.status,
    })),
  };
}
