import { RollcallError } from '@rollcall/protocol/errors';
import { verifyAudit } from '../../audit/verify-audit.js';
import { dateAt, plusDays } from '../../calendar/campus-zone.js';
import { campusZone } from '../../calendar/generate.js';
import { Conditions } from '../conditions.js';
import {
  type AuditItem,
  auditParams,
  auditQuery,
  auditRowId,
  auditRowSchema,
  verifyQuery,
  verifySchema,
} from '../contracts/audit.js';
import { API, toInstant } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, timestampText } from '../cursor.js';
import { defineRoute } from '../route.js';

const TAG = 'Audit';
const VERIFIED_DAYS_DEFAULT = 31;
/** A request is answered while somebody waits; the command line reads everything. */
const VERIFIED_DAYS_MAX = 92;

interface Row extends Omit<AuditItem, 'id' | 'at'> {
  id: number;
  at: Date;
  at_text: string;
}

const ROWS_SQL = `SELECT a.id, a.at, a.at::text AS at_text, a.entity_type, a.entity_id, a.action, a.performed_by,
    account.login AS performed_by_login, a.actor_role, a.source, a.reason, a.before, a.after, a.session_id,
    a.student_id, a.ip_address, a.user_agent, a.request_id
  FROM attendance_audit_log a LEFT JOIN account ON account.id::text = a.performed_by`;

const toItem = ({ at_text: _, ...row }: Row): AuditItem => ({
  ...row,
  id: String(row.id),
  at: toInstant(row.at),
});

export const listAuditLogs = defineRoute(
  {
    method: 'get',
    path: `${API}/audit-logs/`,
    operationId: 'listAuditLogs',
    tag: TAG,
    summary: 'Who changed or tried what, newest first; nobody can change this list',
    access: 'audit.read',
    query: auditQuery,
    reply: { schema: pageOf(auditRowSchema) },
  },
  async ({ query }, { db }) => {
    const conditions = new Conditions()
      .equal('a.entity_type', query.entity_type)
      .equal('a.entity_id', query.entity_id)
      .equal('a.action', query.action)
      .equal('a.request_id', query.request_id);
    if (query.session !== undefined) conditions.add('a.session_id = ?::uuid', query.session);
    if (query.student !== undefined) conditions.add('a.student_id = ?::uuid', query.student);
    if (query.actor === 'system') conditions.add('a.performed_by IS NULL');
    else if (query.actor !== undefined) {
      const sql = 'a.performed_by IN (?, (SELECT id::text FROM account WHERE login = lower(?)))';
      conditions.add(sql, query.actor, query.actor);
    }
    const zone = (await campusZone(db.knex)) ?? 'UTC';
    if (query.start_date !== undefined) {
      conditions.add('a.at >= ?::date::timestamp AT TIME ZONE ?', query.start_date, zone);
    }
    if (query.end_date !== undefined) {
      conditions.add('a.at < (?::date + 1)::timestamp AT TIME ZONE ?', query.end_date, zone);
    }
    const position = decodeCursor(query.cursor, [timestampText, auditRowId]);
    if (position !== undefined) conditions.add('(a.at, a.id) < (?::timestamptz, ?::bigint)', ...position);
    const { rows } = await db.knex.raw<{ rows: Row[] }>(
      `${ROWS_SQL} WHERE ${conditions.where} ORDER BY a.at DESC, a.id DESC LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return {
      body: pageFrom(rows, query.limit, {
        item: toItem,
        position: (row) => [row.at_text, String(row.id)],
      }),
    };
  },
);

export const readAuditLog = defineRoute(
  {
    method: 'get',
    path: `${API}/audit-logs/{id}/`,
    operationId: 'readAuditLog',
    tag: TAG,
    summary: 'One row of the audit log',
    access: 'audit.read',
    params: auditParams,
    reply: { schema: auditRowSchema },
    errors: ['NOT_FOUND'],
  },
  async ({ params }, { db }) => {
    const { rows } = await db.knex.raw<{ rows: Row[] }>(`${ROWS_SQL} WHERE a.id = ?::bigint`, [params.id]);
    const [row] = rows;
    if (row === undefined) throw new RollcallError('NOT_FOUND', `There is no audit row ${params.id}`);
    return { body: toItem(row) };
  },
);

export const verifyAuditLogs = defineRoute(
  {
    method: 'get',
    path: `${API}/audit-logs/verify/`,
    operationId: 'verifyAuditLogs',
    tag: TAG,
    summary:
      'Reads the audit log of some days against its seals: finds rows that were changed, removed or added',
    access: 'audit.read',
    rate: 'statistics',
    query: verifyQuery,
    reply: { schema: verifySchema },
  },
  async ({ query }, { db, clock, auditKeys }) => {
    const today = dateAt(clock.wallMs(), (await campusZone(db.knex)) ?? 'UTC');
    const to = query.end_date ?? today;
    const from = query.start_date ?? plusDays(to, 1 - VERIFIED_DAYS_DEFAULT);
    if (plusDays(from, VERIFIED_DAYS_MAX) <= to) {
      throw new RollcallError(
        'REQUEST_INVALID',
        `start_date: at most ${VERIFIED_DAYS_MAX} days at once; "rollcall-central audit verify" reads all of them`,
      );
    }
    const { isWhole, problems, problemsFound, ...counts } = await verifyAudit(db.knex, {
      keys: auditKeys,
      days: { from, to },
    });
    return {
      body: {
        is_whole: isWhole,
        ...counts,
        problems_found: problemsFound,
        problems: problems.map(({ kind, sealId, rowId, day }) => ({
          kind,
          seal_id: sealId,
          row_id: rowId === null ? null : String(rowId),
          day,
        })),
      },
    };
  },
);
