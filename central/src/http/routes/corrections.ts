import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../../audit/write-audit.js';
import { requireSession } from '../../auth/scope.js';
import { changeCorrection } from '../../corrections/change-correction.js';
import {
  correctionScope,
  refuseForeign,
  requireCorrection,
  studentOf,
} from '../../corrections/correction-access.js';
import { CORRECTION_TABLE, unknownCorrection } from '../../corrections/correction-row.js';
import {
  type CorrectionDecision,
  cancelCorrection,
  decideCorrection,
} from '../../corrections/decide-correction.js';
import { requestCorrection } from '../../corrections/request-correction.js';
import type { Knex } from '../../db/database.js';
import { DOCUMENT_REQUEST_BYTES_MAX, readDocument } from '../../privacy/document.js';
import { requiredAlias } from '../aliases.js';
import { Conditions } from '../conditions.js';
import {
  correctionBody,
  correctionChangeBody,
  correctionSchema,
  correctionsQuery,
} from '../contracts/corrections.js';
import { documentSchema } from '../contracts/documents.js';
import { API, uuidParams } from '../contracts/fields.js';
import { decideBody } from '../contracts/leave.js';
import { decodeCursor, pageFrom, pageOf, timestampText, uuidText } from '../cursor.js';
import { etagOf, expectedVersion, refuseStale } from '../etag.js';
import { defineRoute, type HttpContext, type Route } from '../route.js';
import {
  CORRECTION_COLUMNS,
  CORRECTION_JOINS,
  type CorrectionRow,
  toCorrectionItem,
} from '../views/correction-view.js';
import { type Writer, writeAs } from '../write-as.js';

const TAG = 'Corrections';
const IF_MATCH = {
  'If-Match': 'The ETag you read; if the request has changed since, the answer is STALE',
} as const;

export const listCorrections = defineRoute(
  {
    method: 'get',
    path: `${API}/correction-requests/`,
    operationId: 'listCorrectionRequests',
    tag: TAG,
    summary: 'Requests for another mark, newest first',
    access: 'corrections.read',
    query: correctionsQuery,
    reply: { schema: pageOf(correctionSchema) },
  },
  async ({ principal, query }, { db }) => {
    const scope = correctionScope(principal, 'corrections.read');
    const conditions = new Conditions()
      .add(scope.sql, ...scope.bindings)
      .equal('st.roll_number', query.student)
      .equal('q.session_id', query.session)
      .equal('q.status', query.status)
      .equal('s.course_code', query.course)
      .equal('q.decider_level', query.decider_level);
    if (query.section !== undefined) conditions.add(IN_SECTION_SQL, query.section);
    const position = decodeCursor(query.cursor, [timestampText, uuidText]);
    if (position !== undefined)
      conditions.add('(q.requested_at, q.id) < (?::timestamptz, ?::uuid)', ...position);
    const { rows } = await db.knex.raw<{ rows: CorrectionRow[] }>(
      `SELECT ${CORRECTION_COLUMNS} FROM ${CORRECTION_JOINS} WHERE ${conditions.where}
       ORDER BY q.requested_at DESC, q.id DESC LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    const map = { item: toCorrectionItem, position: (row: CorrectionRow) => [row.requested_text, row.id] };
    return { body: pageFrom(rows, query.limit, map) };
  },
);

const IN_SECTION_SQL =
  'EXISTS (SELECT FROM session_section x WHERE x.session_id = s.id AND x.section_id = ?)';

export const readCorrection = defineRoute(
  {
    method: 'get',
    path: `${API}/correction-requests/{id}/`,
    operationId: 'readCorrectionRequest',
    tag: TAG,
    summary: 'One request; its version is the ETag',
    access: 'corrections.read',
    params: uuidParams,
    reply: { schema: correctionSchema },
    errors: ['NOT_FOUND'],
  },
  async ({ principal, params }, { db }) => {
    await requireCorrection(db.knex, principal, 'corrections.read', params.id);
    return correctionReply(db.knex, params.id);
  },
);

export const createCorrection = defineRoute(
  {
    method: 'post',
    path: `${API}/correction-requests/`,
    operationId: 'createCorrectionRequest',
    tag: TAG,
    summary: 'Asks for another mark, within MAX_CORRECTION_DAYS after the class',
    access: 'corrections.request',
    status: 201,
    body: correctionBody,
    bodyBytesMax: DOCUMENT_REQUEST_BYTES_MAX,
    reply: { schema: correctionSchema },
    errors: [
      'NOT_FOUND',
      'FORBIDDEN',
      'WINDOW_CLOSED',
      'SESSION_LOCKED',
      'SESSION_CANCELLED',
      'SESSION_NOT_OPEN',
      'NOT_ON_ROSTER',
      'CORRECTION_PENDING',
      'REREQUEST_USED',
      'STALE',
      'DOCUMENT_INVALID',
    ],
  },
  async (input, { db, clock, capture }) => {
    const { principal, body } = input;
    if (body.from_mark === body.to_mark) {
      throw new RollcallError('REQUEST_INVALID', 'to_mark: must be another mark than from_mark');
    }
    const sessionId = requiredAlias(body, 'session_id', 'session');
    await requireSession(db.knex, principal, 'corrections.request', sessionId);
    const studentId = await studentOf(db.knex, principal, { session_id: sessionId, student: body.student });
    const id = await writeAs(db.knex, input, (trx) =>
      requestCorrection(
        trx,
        {
          sessionId,
          studentId,
          fromMark: body.from_mark,
          toMark: body.to_mark,
          reason: body.reason,
          document: body.supporting_document && readDocument(body.supporting_document),
        },
        { seal: capture.seal, accountId: principal.accountId, nowMs: clock.wallMs() },
      ),
    );
    return { status: 201, ...(await correctionReply(db.knex, id)) };
  },
);

export const updateCorrection = defineRoute(
  {
    method: 'patch',
    path: `${API}/correction-requests/{id}/`,
    operationId: 'updateCorrectionRequest',
    tag: TAG,
    summary: 'Writes a request anew that nobody has decided',
    access: 'corrections.request',
    params: uuidParams,
    body: correctionChangeBody,
    headers: IF_MATCH,
    reply: { schema: correctionSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE', 'INVALID_TRANSITION', 'DOCUMENT_INVALID'],
  },
  async (input, { db, clock, capture }) => {
    const { principal, params, body, request } = input;
    await requireCorrection(db.knex, principal, 'corrections.request', params.id);
    await refuseForeign(db.knex, principal, params.id);
    await writeAs(db.knex, input, (trx) =>
      changeCorrection(
        trx,
        {
          id: params.id,
          toMark: body.to_mark,
          reason: body.reason,
          document: body.supporting_document && readDocument(body.supporting_document),
        },
        {
          refuseStale: (version) => refuseStale(version, request.headers['if-match'], body.version),
          seal: capture.seal,
          accountId: principal.accountId,
          nowMs: clock.wallMs(),
        },
      ),
    );
    return correctionReply(db.knex, params.id);
  },
);

export const cancelCorrectionRequest = defineRoute(
  {
    method: 'delete',
    path: `${API}/correction-requests/{id}/`,
    operationId: 'cancelCorrectionRequest',
    tag: TAG,
    summary: 'Withdraws a request that nobody has decided; it stays in the list as cancelled',
    access: 'corrections.request',
    params: uuidParams,
    headers: IF_MATCH,
    reply: { schema: correctionSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE', 'INVALID_TRANSITION'],
  },
  async (input, { db, clock }) => {
    const { principal, params, request } = input;
    await requireCorrection(db.knex, principal, 'corrections.request', params.id);
    await refuseForeign(db.knex, principal, params.id);
    await writeAs(db.knex, input, (trx) =>
      cancelCorrection(trx, {
        id: params.id,
        principal,
        expectedVersion: expectedVersion(request.headers['if-match']),
        nowMs: clock.wallMs(),
      }),
    );
    return correctionReply(db.knex, params.id);
  },
);

export const readCorrectionDocument = defineRoute(
  {
    method: 'get',
    path: `${API}/correction-requests/{id}/document/`,
    operationId: 'readCorrectionDocument',
    tag: TAG,
    summary: 'The supporting document; who read it is audited',
    access: 'corrections.read',
    params: uuidParams,
    reply: { schema: documentSchema },
    errors: ['NOT_FOUND'],
  },
  async (input, { db, clock, capture }) => {
    const { principal, params } = input;
    await requireCorrection(db.knex, principal, 'corrections.read', params.id);
    const row = await db.knex(CORRECTION_TABLE).where({ id: params.id }).first();
    if (row.document_sealed === null) throw new RollcallError('NOT_FOUND', 'This request has no document');
    await writeAs(db.knex, input, (trx) =>
      writeAudit(trx, [
        {
          at: new Date(clock.wallMs()),
          entityType: CORRECTION_TABLE,
          entityId: params.id,
          action: 'read_document',
          performedBy: principal.accountId,
          sessionId: row.session_id,
          studentId: row.student_id,
        },
      ]),
    );
    const place = { table: CORRECTION_TABLE, column: 'document_sealed', row: params.id };
    return {
      body: {
        name: row.document_name,
        media_type: row.document_type,
        content_base64: capture.seal.open(row.document_sealed, place).toString('base64'),
      },
    };
  },
);

type Verdict = CorrectionDecision['verdict'];

function contractOf(
  verdict: Verdict,

  summary: string,
) {
  return {
    method: 'post',
    path: `${API}/correction-requests/{id}/${verdict}/`,
    operationId: `${verdict}CorrectionRequest`,
    tag: TAG,
    summary,
    access: 'corrections.decide',
    params: uuidParams,
    body: decideBody,
    headers: IF_MATCH,
    reply: { schema: correctionSchema },
    errors: [
      'NOT_FOUND',
      'FORBIDDEN',
      'HIGHER_DECIDER_NEEDED',
      'SECOND_PERSON_NEEDED',
      'ALREADY_DECIDED',
      'INVALID_TRANSITION',
      'STALE',
      'SESSION_LOCKED',
      'SESSION_CANCELLED',
    ],
  } as const;
}

interface DecisionInput extends Writer {
  params: { id: string };
  body: { version?: number | undefined; decision_note: string };
}

async function decide(verdict: Verdict, input: DecisionInput, { db, clock }: HttpContext) {
  const { principal, params, body, request } = input;
  await requireCorrection(db.knex, principal, 'corrections.decide', params.id);
  await writeAs(db.knex, input, (trx) =>
    decideCorrection(trx, {
      id: params.id,
      verdict,
      note: body.decision_note,
      principal,
      expectedVersion: expectedVersion(request.headers['if-match']) ?? body.version,
      nowMs: clock.wallMs(),
    }),
  );
  return correctionReply(db.knex, params.id);
}

const APPROVES = 'Approves a correction: the mark changes and stays, whatever evidence says';

export const correctionDecisions: readonly Route[] = [
  defineRoute(contractOf('approve', APPROVES), (input, context) => decide('approve', input, context)),
  defineRoute(contractOf('reject', 'Rejects a correction'), (input, context) =>
    decide('reject', input, context),
  ),
];

async function correctionReply(knex: Knex, id: string) {
  const { rows } = await knex.raw<{ rows: CorrectionRow[] }>(
    `SELECT ${CORRECTION_COLUMNS} FROM ${CORRECTION_JOINS} WHERE q.id = ?::uuid`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) throw unknownCorrection(id);
  return { body: toCorrectionItem(row), headers: { ETag: etagOf(row.version) } };
}
