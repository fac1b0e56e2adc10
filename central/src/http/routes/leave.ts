import { RollcallError } from '@rollcall/protocol/errors';
import type * as z from 'zod';
import { writeAudit } from '../../audit/write-audit.js';
import type { Principal } from '../../auth/principal.js';
import { visibleStudents } from '../../auth/scope.js';
import { applyForLeave, changeLeave } from '../../leave/apply-for-leave.js';
import type { GivenPart } from '../../leave/day-part.js';
import { decideLeave } from '../../leave/decide-leave.js';
import { applicantOf, type RequiredLeave, requireLeave } from '../../leave/leave-access.js';
import { BATCH_TABLE } from '../../leave/leave-batch.js';
import { LEAVE_TABLE } from '../../leave/leave-row.js';
import { DOCUMENT_REQUEST_BYTES_MAX, readDocument } from '../../privacy/document.js';
import { Conditions } from '../conditions.js';
import { documentSchema } from '../contracts/documents.js';
import { API, uuidParams } from '../contracts/fields.js';
import {
  leaveBody,
  leaveChangeBody,
  leaveDetailSchema,
  leaveSchema,
  leavesQuery,
} from '../contracts/leave.js';
import { decodeCursor, pageFrom, pageOf, timestampText, uuidText } from '../cursor.js';
import { expectedVersion } from '../etag.js';
import { defineRoute, type HttpContext } from '../route.js';
import { leaveReply } from '../views/leave-detail.js';
import { LEAVE_COLUMNS, LEAVE_JOINS, type LeaveRow, toLeaveItems } from '../views/leave-view.js';
import { writeAs } from '../write-as.js';

export const LEAVE_TAG = 'Leave';
export const IF_MATCH_LEAVE = {
  'If-Match': 'The ETag you read; if the application has changed since, the answer is STALE',
} as const;
const APPLY_ERRORS = [
  'NOT_FOUND',
  'FORBIDDEN',
  'LEAVE_OVERLAP',
  'DOCUMENT_MISSING',
  'DOCUMENT_INVALID',
] as const;

export const listLeave = defineRoute(
  {
    method: 'get',
    path: `${API}/leave-applications/`,
    operationId: 'listLeaveApplications',
    tag: LEAVE_TAG,
    summary: 'Leave applications, newest first; reasons and documents are read one by one',
    access: 'leave.read',
    query: leavesQuery,
    reply: { schema: pageOf(leaveSchema) },
  },
  async ({ principal, query }, { db, clock }) => {
    const scope = visibleStudents(principal, 'leave.read');
    const conditions = new Conditions()
      .add(scope.sql, ...scope.bindings)
      .equal('st.roll_number', query.student)
      .equal('l.status', query.status)
      .equal('l.leave_type', query.leave_type)
      .equal('l.decider_level', query.decider_level)
      .equal('l.affects_attendance', query.affects_attendance)
      .equal('l.batch_id', query.batch);
    if (query.start_date !== undefined) conditions.add('l.end_date >= ?', query.start_date);
    if (query.end_date !== undefined) conditions.add('l.start_date <= ?', query.end_date);
    if (query.section !== undefined) conditions.add(IN_SECTION_SQL, query.section);
    if (query.has_document !== undefined) {
      conditions.add(
        '(l.document_sealed IS NOT NULL OR b.document_sealed IS NOT NULL) = ?',
        query.has_document,
      );
    }
    const position = decodeCursor(query.cursor, [timestampText, uuidText]);
    if (position !== undefined)
      conditions.add('(l.applied_at, l.id) < (?::timestamptz, ?::uuid)', ...position);
    const { rows } = await db.knex.raw<{ rows: LeaveRow[] }>(
      `SELECT ${LEAVE_COLUMNS} FROM ${LEAVE_JOINS} WHERE ${conditions.where}
       ORDER BY l.applied_at DESC, l.id DESC LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    const page = pageFrom(rows, query.limit, {
      item: (row) => row,
      position: (row) => [row.applied_text, row.id],
    });
    return { body: { results: await toLeaveItems(db.knex, page.results, clock.wallMs()), next: page.next } };
  },
);

const IN_SECTION_SQL = `EXISTS (SELECT FROM roster_membership lm WHERE lm.student_id = l.student_id
  AND lm.section_id = ? AND lm.valid_during && daterange(l.start_date, l.end_date, '[]'))`;

export const readLeave = defineRoute(
  {
    method: 'get',
    path: `${API}/leave-applications/{id}/`,
    operationId: 'readLeaveApplication',
    tag: LEAVE_TAG,
    summary: 'One application with its reason and the classes of its days; its version is the ETag',
    access: 'leave.read',
    params: uuidParams,
    reply: { schema: leaveDetailSchema },
    errors: ['NOT_FOUND'],
  },
  async ({ principal, params }, context) => {
    await requireLeave(context.db.knex, principal, 'leave.read', params.id);
    return leaveReply(context, params.id);
  },
);

export const createLeave = defineRoute(
  {
    method: 'post',
    path: `${API}/leave-applications/`,
    operationId: 'createLeaveApplication',
    tag: LEAVE_TAG,
    summary: 'Applies for leave, of whole days or part of them, or saves a draft',
    access: 'leave.apply',
    status: 201,
    body: leaveBody,
    bodyBytesMax: DOCUMENT_REQUEST_BYTES_MAX,
    reply: { schema: leaveDetailSchema },
    errors: APPLY_ERRORS,
  },
  async (input, context) => {
    const { principal, body } = input;
    const studentId = await applicantOf(context.db.knex, principal, body.student);
    const id = await writeAs(context.db.knex, input, (trx) =>
      applyForLeave(
        trx,
        {
          studentId,
          leaveType: body.leave_type,
          startDate: body.start_date,
          endDate: body.end_date,
          part: partOf(body),
          reason: body.reason,
          document: body.supporting_document && readDocument(body.supporting_document),
          affectsAttendance: body.affects_attendance,
          autoApplyToSessions: body.auto_apply_to_sessions,
          isDraft: body.draft,
        },
        applying(principal, context),
      ),
    );
    return { status: 201, ...(await leaveReply(context, id)) };
  },
);

export const updateLeave = defineRoute(
  {
    method: 'patch',
    path: `${API}/leave-applications/{id}/`,
    operationId: 'updateLeaveApplication',
    tag: LEAVE_TAG,
    summary: 'Changes a draft or a pending application; with submit a draft becomes an application',
    access: 'leave.apply',
    params: uuidParams,
    body: leaveChangeBody,
    bodyBytesMax: DOCUMENT_REQUEST_BYTES_MAX,
    headers: IF_MATCH_LEAVE,
    reply: { schema: leaveDetailSchema },
    errors: [...APPLY_ERRORS, 'STALE', 'INVALID_TRANSITION'],
  },
  async (input, context) => {
    const { principal, params, body, request } = input;
    const leave = await requireLeave(context.db.knex, principal, 'leave.apply', params.id);
    await writeAs(context.db.knex, input, (trx) =>
      changeLeave(
        trx,
        {
          id: params.id,
          expectedVersion: expectedVersion(request.headers['if-match']) ?? body.version,
          leaveType: body.leave_type,
          span: spanOf(body, leave),
          affectsAttendance: body.affects_attendance,
          autoApplyToSessions: body.auto_apply_to_sessions,
          reason: body.reason,
          document: body.supporting_document && readDocument(body.supporting_document),
          submit: body.submit,
        },
        applying(principal, context),
      ),
    );
    return leaveReply(context, params.id);
  },
);

export const cancelLeave = defineRoute(
  {
    method: 'delete',
    path: `${API}/leave-applications/{id}/`,
    operationId: 'cancelLeaveApplication',
    tag: LEAVE_TAG,
    summary: 'Withdraws an application that nobody has decided yet; it stays in the list as cancelled',
    access: 'leave.apply',
    params: uuidParams,
    headers: IF_MATCH_LEAVE,
    reply: { schema: leaveDetailSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE', 'INVALID_TRANSITION'],
  },
  async (input, context) => {
    const { principal, params, request } = input;
    await requireLeave(context.db.knex, principal, 'leave.apply', params.id);
    await writeAs(context.db.knex, input, (trx) =>
      decideLeave(trx, {
        id: params.id,
        verdict: 'cancel',
        note: '',
        principal,
        expectedVersion: expectedVersion(request.headers['if-match']),
        nowMs: context.clock.wallMs(),
      }),
    );
    return leaveReply(context, params.id);
  },
);

export const readLeaveDocument = defineRoute(
  {
    method: 'get',
    path: `${API}/leave-applications/{id}/document/`,
    operationId: 'readLeaveDocument',
    tag: LEAVE_TAG,
    summary: 'The supporting document; who read it is audited',
    access: 'leave.read',
    params: uuidParams,
    reply: { schema: documentSchema },
    errors: ['NOT_FOUND'],
  },
  async (input, { db, clock, capture }) => {
    const { principal, params } = input;
    await requireLeave(db.knex, principal, 'leave.read', params.id);
    const leave = await db.knex(LEAVE_TABLE).where({ id: params.id }).first<DocumentRow>();
    const [table, row] =
      leave.document_sealed !== null || leave.batch_id === null
        ? [LEAVE_TABLE, leave]
        : [BATCH_TABLE, await db.knex(BATCH_TABLE).where({ id: leave.batch_id }).first<DocumentRow>()];
    if (row.document_sealed === null) {
      throw new RollcallError('NOT_FOUND', 'This application has no document');
    }
    await writeAs(db.knex, input, (trx) =>
      writeAudit(trx, [
        {
          at: new Date(clock.wallMs()),
          entityType: LEAVE_TABLE,
          entityId: params.id,
          action: 'read_document',
          performedBy: principal.accountId,
          studentId: leave.student_id,
        },
      ]),
    );
    const bytes = capture.seal.open(row.document_sealed, { table, column: 'document_sealed', row: row.id });
    return {
      body: {
        name: row.document_name,
        media_type: row.document_type,
        content_base64: bytes.toString('base64'),
      },
    };
  },
);

interface DocumentRow {
  id: string;
  student_id: string;
  batch_id: string | null;
  document_sealed: Buffer | null;
  document_name: string;
  document_type: string;
}

type Part = Pick<z.output<typeof leaveBody>, 'start_time' | 'end_time' | 'half_day' | 'periods'>;

export const partOf = ({ start_time, end_time, half_day, periods }: Part): GivenPart => ({
  start_time,
  end_time,
  half_day,
  periods,
});

function spanOf(
  body: z.output<typeof leaveChangeBody>,
  { start_date: startDate, end_date: endDate, start_time, end_time }: RequiredLeave,
): { startDate: string; endDate: string; part: GivenPart } | undefined {
  const part = partOf(body);
  const saysPart = Object.values(part).some((value) => value !== undefined);
  const isChanged =
    saysPart || body.whole_days === true || body.start_date !== undefined || body.end_date !== undefined;
  if (!isChanged) return undefined;
  const kept = start_time === null || end_time === null ? {} : { start_time, end_time };
  return {
    startDate: body.start_date ?? startDate,
    endDate: body.end_date ?? endDate,
    part: saysPart ? part : body.whole_days === true ? {} : kept,
  };
}

export const applying = (principal: Principal, { capture, clock }: HttpContext) => ({
  seal: capture.seal,
  accountId: principal.accountId,
  nowMs: clock.wallMs(),
});
