import { RollcallError } from '@rollcall/protocol/errors';
import type * as z from 'zod';
import type { Principal } from '../../auth/principal.js';
import { type Scope, visibleSessions } from '../../auth/scope.js';
import type { Knex } from '../../db/database.js';
import { decideReviewBatch } from '../../ingest/decide-review-batch.js';
import { Conditions } from '../conditions.js';
import { API, toInstant, toInstantOrNull, uuidParams } from '../contracts/fields.js';
import {
  decideBatchBody,
  decidedBatchSchema,
  reviewBatchesQuery,
  reviewBatchSchema,
  reviewSessionSchema,
  reviewSessionsQuery,
} from '../contracts/review-batches.js';
import { decodeCursor, pageFrom, pageOf, timestampText, uuidText } from '../cursor.js';
import { etagOf, expectedVersion } from '../etag.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'Gateways and devices';

type Batch = z.infer<typeof reviewBatchSchema>;

interface BatchRow extends Omit<Batch, 'gateway' | 'opened_at' | 'closed_at' | 'first_at' | 'last_at'> {
  gateway_id: string;
  gateway_name: string;
  opened_at: Date;
  opened_text: string;
  closed_at: Date | null;
  first_at: Date | null;
  last_at: Date | null;
}

/** Counted are the class sessions that the person may see: a batch of which there are none does not exist. */
const batchSql = (scope: Scope, where: string, tail = ''): string => `
  SELECT b.id, b.gateway_id, g.name AS gateway_name, b.opened_at, b.opened_at::text AS opened_text, b.closed_at,
    b.events, b.first_at, b.last_at, b.version, c.sessions::int, c.undecided::int
  FROM review_batch b JOIN gateway g ON g.id = b.gateway_id
    CROSS JOIN LATERAL (
      SELECT count(*) AS sessions, count(*) FILTER (WHERE rv.decision IS NULL) AS undecided
      FROM review_batch_session rv JOIN attendance_session s ON s.id = rv.session_id
      WHERE rv.batch_id = b.id AND (${scope.sql})
    ) c
  WHERE c.sessions > 0 AND (${where}) ${tail}`;

export const listReviewBatches = defineRoute(
  {
    method: 'get',
    path: `${API}/review-batches/`,
    operationId: 'listReviewBatches',
    tag: TAG,
    summary: 'Evidence that waits for a person: it came very late, or two machines used one identity',
    access: 'reviews.read',
    query: reviewBatchesQuery,
    reply: { schema: pageOf(reviewBatchSchema) },
  },
  async ({ query, principal }, { db }) => {
    const scope = visibleSessions(principal, 'reviews.read');
    const conditions = new Conditions().equal('b.gateway_id', query.gateway);
    if (query.state !== undefined) {
      conditions.add(query.state === 'open' ? 'b.closed_at IS NULL' : 'b.closed_at IS NOT NULL');
    }
    const position = decodeCursor(query.cursor, [timestampText, uuidText]);
    if (position !== undefined)
      conditions.add('(b.opened_at, b.id) < (?::timestamptz, ?::uuid)', ...position);
    const { rows } = await db.knex.raw<{ rows: BatchRow[] }>(
      batchSql(scope, conditions.where, 'ORDER BY b.opened_at DESC, b.id DESC LIMIT ?'),
      [...scope.bindings, ...conditions.bindings, query.limit + 1] as never,
    );
    return {
      body: pageFrom(rows, query.limit, { item: toBatch, position: (row) => [row.opened_text, row.id] }),
    };
  },
);

export const readReviewBatch = defineRoute(
  {
    method: 'get',
    path: `${API}/review-batches/{id}/`,
    operationId: 'readReviewBatch',
    tag: TAG,
    summary: 'One review batch with its counts',
    access: 'reviews.read',
    params: uuidParams,
    reply: { schema: reviewBatchSchema },
    errors: ['NOT_FOUND'],
  },
  async ({ params, principal }, { db }) => {
    const batch = await loadBatch(db.knex, principal, params.id);
    return { body: batch, headers: { ETag: etagOf(batch.version) } };
  },
);

interface SessionRow
  extends Omit<z.infer<typeof reviewSessionSchema>, 'course' | 'room' | 'start_at' | 'decided_at'> {
  course_code: string;
  course_title: string;
  room_id: string;
  room_name: string;
  start_at: Date;
  start_text: string;
  decided_at: Date | null;
}

export const listReviewSessions = defineRoute(
  {
    method: 'get',
    path: `${API}/review-batches/{id}/sessions/`,
    operationId: 'listReviewSessions',
    tag: TAG,
    summary: 'The class sessions of a review batch: how many punches wait for each, and what was decided',
    access: 'reviews.read',
    params: uuidParams,
    query: reviewSessionsQuery,
    reply: { schema: pageOf(reviewSessionSchema) },
    errors: ['NOT_FOUND'],
  },
  async ({ params, query, principal }, { db }) => {
    await loadBatch(db.knex, principal, params.id);
    const scope = visibleSessions(principal, 'reviews.read');
    const conditions = new Conditions()
      .add('rv.batch_id = ?::uuid', params.id)
      .add(scope.sql, ...scope.bindings);
    const position = decodeCursor(query.cursor, [timestampText, uuidText]);
    if (position !== undefined) conditions.add('(s.start_at, s.id) > (?::timestamptz, ?::uuid)', ...position);
    const { rows } = await db.knex.raw<{ rows: SessionRow[] }>(
      `SELECT rv.session_id, s.course_code, course.title AS course_title, s.room_id, room.name AS room_name, s.start_at,
         s.start_at::text AS start_text, s.status, rv.events, rv.decision, rv.reason, rv.decided_at, rv.decided_by
       FROM review_batch_session rv JOIN attendance_session s ON s.id = rv.session_id
         JOIN course ON course.code = s.course_code JOIN room ON room.id = s.room_id
       WHERE ${conditions.where} ORDER BY s.start_at, s.id LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return {
      body: pageFrom(rows, query.limit, {
        item: toSession,
        position: (row) => [row.start_text, row.session_id],
      }),
    };
  },
);

export const decideBatch = defineRoute(
  {
    method: 'post',
    path: `${API}/review-batches/{id}/decide/`,
    operationId: 'decideReviewBatch',
    tag: TAG,
    summary: 'Accepts or refuses held evidence for named class sessions, or for all at once',
    access: 'exceptions.decide',
    rate: 'sessions',
    params: uuidParams,
    body: decideBatchBody,
    headers: { 'If-Match': 'The ETag you read; if the batch has changed since, the answer is STALE' },
    reply: { schema: decidedBatchSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE', 'ALREADY_DECIDED'],
  },
  async (input, { db, clock }) => {
    const { params, body, principal, request } = input;
    const decided = await writeAs(db.knex, input, (trx) =>
      decideReviewBatch(trx, {
        batchId: params.id,
        decision: body.decision === 'accept' ? 'accepted' : 'refused',
        reason: body.reason,
        sessionIds: body.session_ids,
        visible: visibleSessions(principal, 'reviews.read'),
        reachable: visibleSessions(principal, 'exceptions.decide'),
        expectedVersion: expectedVersion(request.headers['if-match']) ?? body.version,
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
      }),
    );
    const batch = await loadBatch(db.knex, principal, params.id);
    return { body: { decided, batch }, headers: { ETag: etagOf(batch.version) } };
  },
);

/** @throws RollcallError `NOT_FOUND` also where it concerns nothing that the person may see */
async function loadBatch(knex: Knex, principal: Principal, id: string): Promise<Batch> {
  const scope = visibleSessions(principal, 'reviews.read');
  const { rows } = await knex.raw<{ rows: BatchRow[] }>(batchSql(scope, 'b.id = ?::uuid'), [
    ...scope.bindings,
    id,
  ]);
  if (rows[0] === undefined) throw new RollcallError('NOT_FOUND', `There is no review batch ${id}`);
  return toBatch(rows[0]);
}

function toBatch({ gateway_id, gateway_name, opened_text: _, ...row }: BatchRow): Batch {
  return {
    ...row,
    gateway: { id: gateway_id, name: gateway_name },
    opened_at: toInstant(row.opened_at),
    closed_at: toInstantOrNull(row.closed_at),
    first_at: toInstantOrNull(row.first_at),
    last_at: toInstantOrNull(row.last_at),
  };
}

function toSession(row: SessionRow): z.infer<typeof reviewSessionSchema> {
  return {
    session_id: row.session_id,
    course: { code: row.course_code, title: row.course_title },
    room: { id: row.room_id, name: row.room_name },
    start_at: toInstant(row.start_at),
    status: row.status,
    events: row.events,
    decision: row.decision,
    reason: row.reason,
    decided_at: toInstantOrNull(row.decided_at),
    decided_by: row.decided_by,
  };
}
