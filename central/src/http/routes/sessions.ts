import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../../db/database.js';
import type { Policy } from '../../rules/policy.js';
import { changeSession } from '../../sessions/change-session.js';
import { Conditions } from '../conditions.js';
import { API, toInstantOrNull, uuidParams } from '../contracts/fields.js';
import {
  changeBody,
  type SessionItem,
  sessionDetailSchema,
  sessionSchema,
  sessionsQuery,
} from '../contracts/sessions.js';
import { decodeCursor, pageFrom, pageOf, timestampText, uuidText } from '../cursor.js';
import { etagOf, expectedVersion } from '../etag.js';
import { defineRoute, type HttpContext, type RouteInput } from '../route.js';
import {
  loadSessionItems,
  SESSION_COLUMNS,
  SESSION_JOINS,
  type SessionRow,
  toSessionItem,
} from '../views/session-view.js';

const TAG = 'Class sessions';

export const listSessions = defineRoute(
  {
    method: 'get',
    path: `${API}/sessions/`,
    operationId: 'listSessions',
    tag: TAG,
    summary: 'Class sessions in the order of their start',
    access: 'sessions.read',
    query: sessionsQuery,
    reply: { schema: pageOf(sessionSchema) },
  },
  async ({ query }, { db, clock }) => {
    const conditions = new Conditions()
      .equal('s.scheduled_date', query.scheduled_date)
      .equal('s.status', query.status)
      .equal('s.room_id', query.room)
      .equal('room.building_id', query.building)
      .equal('s.section_id', query.section)
      .equal('s.faculty_code', query.faculty);
    if (query.start_date !== undefined) conditions.add('s.scheduled_date >= ?', query.start_date);
    if (query.end_date !== undefined) conditions.add('s.scheduled_date <= ?', query.end_date);
    if (query.now === true) {
      const now = new Date(clock.wallMs());
      conditions.add("s.status = 'open' OR (s.reach_from <= ? AND s.reach_until >= ?)", now, now);
    }
    const position = decodeCursor(query.cursor, [timestampText, uuidText]);
    if (position !== undefined) conditions.add('(s.start_at, s.id) > (?::timestamptz, ?::uuid)', ...position);
    const { rows } = await db.knex.raw<{ rows: SessionRow[] }>(
      `SELECT ${SESSION_COLUMNS} FROM ${SESSION_JOINS} WHERE ${conditions.where} ORDER BY s.start_at, s.id LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return {
      body: pageFrom(rows, query.limit, { item: toSessionItem, position: (row) => [row.start_text, row.id] }),
    };
  },
);

interface DetailRow extends SessionRow {
  actual_start_at: Date | null;
  actual_end_at: Date | null;
  auto_opened: boolean;
  auto_closed: boolean;
  notes: string;
  policy: Policy;
}

export const readSession = defineRoute(
  {
    method: 'get',
    path: `${API}/sessions/{id}/`,
    operationId: 'readSession',
    tag: TAG,
    summary: 'One class session with its policy; its version is the ETag',
    access: 'sessions.read',
    params: uuidParams,
    reply: { schema: sessionDetailSchema },
    errors: ['NOT_FOUND'],
  },
  async ({ params }, { db }) => {
    const { rows } = await db.knex.raw<{ rows: DetailRow[] }>(
      `SELECT ${SESSION_COLUMNS}, s.actual_start_at, s.actual_end_at, s.auto_opened, s.auto_closed, s.notes, s.policy
       FROM ${SESSION_JOINS} WHERE s.id = ?::uuid`,
      [params.id],
    );
    const [row] = rows;
    if (row === undefined) throw unknownSession(params.id);
    return {
      headers: { ETag: etagOf(row.version) },
      body: {
        ...toSessionItem(row),
        actual_start_at: toInstantOrNull(row.actual_start_at),
        actual_end_at: toInstantOrNull(row.actual_end_at),
        auto_opened: row.auto_opened,
        auto_closed: row.auto_closed,
        notes: row.notes,
        policy: { ...row.policy },
      },
    };
  },
);

const changeContract = (action: 'open' | 'close', summary: string) =>
  ({
    method: 'post',
    path: `${API}/sessions/{id}/${action}/`,
    operationId: `${action}Session`,
    tag: TAG,
    summary,
    access: 'sessions.operate',
    params: uuidParams,
    body: changeBody,
    headers: { 'If-Match': 'The ETag you read; if the session has changed since, the answer is STALE' },
    reply: { schema: sessionSchema },
    errors: ['NOT_FOUND', 'INVALID_TRANSITION', 'STALE', 'SESSION_TOO_EARLY'],
  }) as const;

type ChangeInput = RouteInput<ReturnType<typeof changeContract>>;

export const openSession = defineRoute(
  changeContract('open', 'Opens a scheduled class session; not before captures of it can count'),
  (input, context) => change('open', input, context),
);

export const closeSession = defineRoute(
  changeContract('close', 'Closes an open class session; captures stop'),
  (input, context) => change('close', input, context),
);

async function change(
  action: 'open' | 'close',
  { params, body, request }: ChangeInput,
  { db, clock }: HttpContext,
): Promise<{ body: SessionItem; headers: Record<string, string> }> {
  const version = expectedVersion(request.headers['if-match']) ?? body.version;
  await changeSession(db.knex, {
    sessionId: params.id,
    action,
    nowMs: clock.wallMs(),
    actor: { performedBy: null, source: 'manual' },
    ...(version === undefined ? {} : { expectedVersion: version }),
    ...(body.reason === undefined ? {} : { reason: body.reason }),
  });
  const item = await loadOne(db.knex, params.id);
  return { body: item, headers: { ETag: etagOf(item.version) } };
}

async function loadOne(knex: Knex, id: string): Promise<SessionItem> {
  const [item] = await loadSessionItems(knex, [id]);
  if (item === undefined) throw unknownSession(id);
  return item;
}

export const unknownSession = (id: string): RollcallError =>
  new RollcallError('NOT_FOUND', `There is no class session ${id}; look it up in the list of sessions`);
