import type { Knex } from '../db/database.js';

/** One changed record, or one refused attempt. Never sealed data, passwords or tokens. */
export interface AuditRow {
  at: Date;
  /** The table, in the singular use of the schema: `attendance_session`, `account`. */
  entityType: string;
  entityId: string;
  action: string;
  /** Account id; null for the system itself. */
  performedBy?: string | null;
  source?: 'manual' | 'system';
  reason?: string;
  before?: object | null;
  after?: object | null;
  sessionId?: string | null;
  studentId?: string | null;
  /** These only where there is no request transaction that knows them. */
  ip?: string;
  userAgent?: string;
  requestId?: string;
}

/** Role, address and request id come from the transaction's settings (`writeAs`). */
export async function writeAudit(trx: Knex, rows: readonly AuditRow[]): Promise<void> {
  if (rows.length === 0) return;
  await trx.raw(
    `INSERT INTO attendance_audit_log (at, entity_type, entity_id, action, performed_by, source, reason, before, after,
       session_id, student_id, ip_address, user_agent, request_id)
     SELECT at, entity_type, entity_id, action, performed_by, source, reason, before, after, session_id, student_id,
       coalesce(ip, nullif(current_setting('rollcall.ip', true), '')),
       coalesce(user_agent, nullif(current_setting('rollcall.user_agent', true), '')),
       coalesce(request_id, nullif(current_setting('rollcall.request_id', true), ''))
     FROM jsonb_to_recordset(?::jsonb) AS r (at timestamptz, entity_type text, entity_id text, action text,
       performed_by text, source text, reason text, before jsonb, after jsonb, session_id uuid, student_id uuid, ip text,
       user_agent text, request_id text)`,
    [
      JSON.stringify(
        rows.map((row) => ({
          at: row.at,
          entity_type: row.entityType,
          entity_id: row.entityId,
          action: row.action,
          performed_by: row.performedBy ?? null,
          source: row.source ?? (row.performedBy == null ? 'system' : 'manual'),
          reason: row.reason ?? '',
          before: row.before ?? null,
          after: row.after ?? null,
          session_id: row.sessionId ?? null,
          student_id: row.studentId ?? null,
          ip: row.ip ?? null,
          user_agent: row.userAgent ?? null,
          request_id: row.requestId ?? null,
        })),
      ),
    ],
  );
}
