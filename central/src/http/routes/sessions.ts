import { RollcallError } from '@rollcall/protocol/errors';
import type { Principal } from '../../auth/principal.js';
import { requireSession, visibleSessions } from '../../auth/scope.js';
import { dateAt } from '../../calendar/campus-zone.js';
import { campusZone } from '../../calendar/generate.js';
import type { Knex } from '../../db/database.js';
import type { Policy } from '../../rules/policy.js';
import { Conditions } from '../conditions.js';
import { API, toInstantOrNull, uuidParams } from '../contracts/fields.js';
import {
  pageOnlyQuery,
  type SessionItem,
  sessionDetailSchema,
  sessionSchema,
  sessionsQuery,
  summarySchema,
} from '../contracts/sessions.js';
import { decodeCursor, pageFrom, pageOf, timestampText, uuidText } from '../cursor.js';
import { etagOf } from '../etag.js';
import { defineRoute } from '../route.js';
import {
  loadSessionItem,
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
  async ({ principal, query }, { db, clock }) => {
    const conditions = new Conditions()
      .equal('s.scheduled_date', query.scheduled_date)
      .equal('s.status', query.status)
      .equal('s.room_id', query.room)
      .equal('room.building_id', query.building)
      .equal('s.course_code', query.course)
      .equal('s.origin', query.origin)
      .equal('s.makeup', query.makeup)
      .equal('s.faculty_code', query.faculty);
    for (const group of [query.section, query.course_section]) {
      if (group !== undefined) conditions.add(IN_GROUP_SQL, group);
    }
    if (query.start_date !== undefined) conditions.add('s.scheduled_date >= ?', query.start_date);
    if (query.end_date !== undefined) conditions.add('s.scheduled_date <= ?', query.end_date);
    if (query.now === true) {
      const now = new Date(clock.wallMs());
      conditions.add("s.status = 'open' OR (s.reach_from <= ? AND s.reach_until >= ?)", now, now);
    }
    return { body: await pageOfSessions(db.knex, { principal, query, conditions }) };
  },
);

interface PageRequest {
  principal: Principal;
  query: { cursor?: string | undefined; limit: number };
  conditions: Conditions;
}

/** Of what meets the conditions, what the person may see. */
async function pageOfSessions(knex: Knex, { principal, query, conditions }: PageRequest) {
  const scope = visibleSessions(principal, 'sessions.read');
  conditions.add(scope.sql, ...scope.bindings);
  const position = decodeCursor(query.cursor, [timestampText, uuidText]);
  if (position !== undefined) conditions.add('(s.start_at, s.id) > (?::timestamptz, ?::uuid)', ...position);
  const { rows } = await knex.raw<{ rows: SessionRow[] }>(
    `SELECT ${SESSION_COLUMNS} FROM ${SESSION_JOINS} WHERE ${conditions.where} ORDER BY s.start_at, s.id LIMIT ?`,
    [...conditions.bindings, query.limit + 1] as never,
  );
  return pageFrom(rows, query.limit, { item: toSessionItem, position: (row) => [row.start_text, row.id] });
}

export const todaysSessions = defineRoute(
  {
    method: 'get',
    path: `${API}/sessions/today/`,
    operationId: 'listTodaysSessions',
    tag: TAG,
    summary: 'Class sessions of today on campus, in the order of their start',
    access: 'sessions.read',
    query: pageOnlyQuery,
    reply: { schema: pageOf(sessionSchema) },
  },
  async ({ principal, query }, { db, clock }) => {
    const zone = await campusZone(db.knex);
    if (zone === undefined) return { body: { results: [], next: null } };
    const conditions = new Conditions().equal('s.scheduled_date', dateAt(clock.wallMs(), zone));
    return { body: await pageOfSessions(db.knex, { principal, query, conditions }) };
  },
);

export const openSessions = defineRoute(
  {
    method: 'get',
    path: `${API}/sessions/open_sessions/`,
    operationId: 'listOpenSessions',
    tag: TAG,
    summary: 'Class sessions that are open, in the order of their start',
    access: 'sessions.read',
    query: pageOnlyQuery,
    reply: { schema: pageOf(sessionSchema) },
  },
  async ({ principal, query }, { db }) => {
    const conditions = new Conditions().equal('s.status', 'open');
    return { body: await pageOfSessions(db.knex, { principal, query, conditions }) };
  },
);

const IN_GROUP_SQL = 'EXISTS (SELECT FROM session_section x WHERE x.session_id = s.id AND x.section_id = ?)';

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
  async ({ principal, params }, { db }) => {
    await requireSession(db.knex, principal, 'sessions.read', params.id);
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

export async function loadSession(knex: Knex, id: string): Promise<SessionItem> {
  const item = await loadSessionItem(knex, id);
  if (item === undefined) throw unknownSession(id);
  return item;
}

export const unknownSession = (id: string): RollcallError =>
  new RollcallError('NOT_FOUND', `There is no class session ${id}; look it up in the list of sessions`);

export const summarizeSession = defineRoute(
  {
    method: 'get',
    path: `${API}/sessions/{id}/summary/`,
    operationId: 'summarizeSession',
    tag: TAG,
    summary: 'How many have which mark; late counts as attended',
    access: 'sessions.read',
    rate: 'statistics',
    params: uuidParams,
    reply: { schema: summarySchema },
    errors: ['NOT_FOUND'],
  },
  async ({ principal, params }, { db }) => {
    await requireSession(db.knex, principal, 'sessions.read', params.id);
    const { counts } = await loadSession(db.knex, params.id);
    const row = await db
      .knex('attendance_session')
      .where({ id: params.id })
      .first<{ headcount: number | null }>('headcount');
    const attended = counts.present + counts.late;
    const decided = attended + counts.absent;
    return {
      body: {
        session_id: params.id,
        total: decided + counts.excused + counts.pending,
        present: attended,
        absent: counts.absent,
        late: counts.late,
        excused: counts.excused,
        pending: counts.pending,
        percentage: decided === 0 ? null : Math.floor((attended * 10_000) / decided) / 100,
        headcount: row?.headcount ?? null,
      },
    };
  },
);
