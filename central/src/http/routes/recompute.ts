import { RollcallError } from '@rollcall/protocol/errors';
import { requireSession, visibleSessions } from '../../auth/scope.js';
import { settingsAt } from '../../calendar/settings.js';
import { isExemptSql } from '../../consent/finger-exemptions.js';
import { previewRecompute, type Recomputed, recomputeSessions } from '../../marks/preview-recompute.js';
import type { Mark } from '../../rules/facts.js';
import { holdSession, refuseLocked } from '../../sessions/session-row.js';
import { API, toInstant, uuidParams } from '../contracts/fields.js';
import {
  manualShareQuery,
  manualShareSchema,
  markChangesSchema,
  recomputeBody,
  recomputeRangeBody,
  recomputeSchema,
} from '../contracts/recompute.js';
import { defineRoute, type HttpContext } from '../route.js';
import { type Writer, writeAs } from '../write-as.js';

const TAG = 'Attendance records';

export const recompute = defineRoute(
  {
    method: 'post',
    path: `${API}/sessions/{id}/recompute/`,
    operationId: 'recomputeSession',
    tag: TAG,
    summary: 'Judges one class session again from its evidence: first what would change, then with apply',
    access: 'records.recompute',
    params: uuidParams,
    body: recomputeBody,
    reply: { schema: recomputeSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'REASON_MISSING', 'SESSION_LOCKED', 'CONFIG_INVALID'],
  },
  async ({ params, body, principal, request }, context) => {
    const { knex } = context.db;
    await requireSession(knex, principal, 'records.recompute', params.id);
    if (body.apply) await knex.transaction(async (trx) => refuseLocked(await holdSession(trx, params.id)));
    const scope = { where: 's.id = ?::uuid', bindings: [params.id] };
    return { body: await run({ ...scope, ...body }, { principal, request }, context) };
  },
);

export const recomputeRange = defineRoute(
  {
    method: 'post',
    path: `${API}/recompute/preview/`,
    operationId: 'recomputeRange',
    tag: TAG,
    summary: 'The same for every class session within dates, at most 500; locked ones stay as they are',
    access: 'records.recompute',
    body: recomputeRangeBody,
    reply: { schema: recomputeSchema },
    errors: ['REASON_MISSING', 'CONFIG_INVALID'],
  },
  async ({ body, principal, request }, context) => {
    const visible = visibleSessions(principal, 'records.recompute');
    const where = `s.scheduled_date BETWEEN ?::date AND ?::date AND (${visible.sql})`;
    const bindings = [body.start_date, body.end_date, ...visible.bindings];
    const { apply, with_settings, reason } = body;
    return {
      body: await run({ where, bindings, apply, with_settings, reason }, { principal, request }, context),
    };
  },
);

interface RunRequest {
  where: string;
  bindings: readonly unknown[];
  apply: boolean;
  with_settings: boolean;
  reason: string;
}

const REASON_CHARACTERS_MIN = 3;

async function run(
  { where, bindings, apply, with_settings: withSettings, reason }: RunRequest,
  writer: Writer,
  { db, clock }: HttpContext,
): Promise<Recomputed & { applied: boolean }> {
  if (apply && reason.length < REASON_CHARACTERS_MIN) {
    throw new RollcallError('REASON_MISSING', 'Say in "reason" why these classes are judged again');
  }
  const nowMs = clock.wallMs();
  const { accountId } = writer.principal;
  const request = { where, bindings, withSettings, reason, accountId, nowMs };
  const result = apply
    ? await writeAs(db.knex, writer, (trx) => recomputeSessions(trx, request))
    : await previewRecompute(db.knex, request);
  return { applied: apply, ...result };
}

interface ChangeRow {
  at: Date;
  roll_number: string;
  name: string;
  from: Mark;
  to: Mark;
  from_reason: string;
  reason: string;
  performed_by: string | null;
}

const CHANGES_MAX = 500;

export const listMarkChanges = defineRoute(
  {
    method: 'get',
    path: `${API}/sessions/{id}/mark-changes/`,
    operationId: 'listMarkChanges',
    tag: TAG,
    summary:
      'Marks that became others after they had been decided, newest first: late evidence, corrections, people',
    access: 'records.mark',
    params: uuidParams,
    reply: { schema: markChangesSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN'],
  },
  async ({ params, principal }, { db }) => {
    await requireSession(db.knex, principal, 'records.mark', params.id);
    const { rows } = await db.knex.raw<{ rows: ChangeRow[] }>(
      `SELECT a.at, st.roll_number, st.full_name AS name, a.before->>'mark' AS "from", a.after->>'mark' AS "to",
         a.before->>'reason' AS from_reason, a.after->>'reason' AS reason, a.performed_by
       FROM attendance_record r JOIN student st ON st.id = r.student_id
         JOIN attendance_audit_log a ON a.entity_type = 'attendance_record' AND a.entity_id = r.id::text
       WHERE r.session_id = ?::uuid AND a.before->>'mark' NOT IN ('pending', a.after->>'mark')
       ORDER BY a.id DESC LIMIT ${CHANGES_MAX}`,
      [params.id],
    );
    return { body: { results: rows.map((row) => ({ ...row, at: toInstant(row.at) })) } };
  },
);

interface ShareRow {
  code: string;
  name: string;
  marks: number;
  manual: number;
  in_outage: number;
  exempt: number;
}

export const readManualShare = defineRoute(
  {
    method: 'get',
    path: `${API}/manual-share/`,
    operationId: 'readManualShare',
    tag: TAG,
    summary:
      'How much of their classes each faculty member marked by hand while the readers worked; not counting confirmed headcounts, nor students without usable fingers',
    access: 'reviews.read',
    query: manualShareQuery,
    reply: { schema: manualShareSchema },
  },
  async ({ query, principal }, { db, clock }) => {
    const visible = visibleSessions(principal, 'reviews.read');
    const { rows } = await db.knex.raw<{ rows: ShareRow[] }>(
      `SELECT f.code, f.full_name AS name, count(*)::int AS marks,
         count(*) FILTER (WHERE d.id IS NOT NULL AND NOT d.is_device_outage AND NOT d.is_exempt)::int AS manual,
         count(*) FILTER (WHERE d.is_device_outage)::int AS in_outage,
         count(*) FILTER (WHERE d.is_exempt AND NOT d.is_device_outage)::int AS exempt
       FROM attendance_session s JOIN faculty f ON f.code = coalesce(s.substitute_code, s.faculty_code)
         JOIN attendance_record r ON r.session_id = s.id AND r.mark NOT IN ('pending', 'not_required')
         LEFT JOIN LATERAL (
           SELECT decision.id, decision.is_device_outage,
             ${isExemptSql('r.student_id', 's.scheduled_date')} AS is_exempt FROM decision
           WHERE decision.session_id = s.id AND decision.student_id = r.student_id
             AND jsonb_exists(r.derivation->'decisions', decision.id::text)
             AND decision.kind NOT IN ('correction', 'confirm') AND decision.mark IN ('present', 'late') LIMIT 1
         ) d ON true
       WHERE s.scheduled_date BETWEEN ?::date AND ?::date AND (${visible.sql})
       GROUP BY f.code, f.full_name ORDER BY f.code`,
      [query.start_date, query.end_date, ...visible.bindings],
    );
    const { MANUAL_SHARE_MAX_PERCENT: max } = await settingsAt(db.knex, { atMs: clock.wallMs() });
    return {
      body: {
        max_percent: max,
        results: rows.map(({ code, name, ...counts }) => ({
          faculty: { code, name },
          ...counts,
          is_over: counts.manual * 100 > max * counts.marks,
        })),
      },
    };
  },
);
