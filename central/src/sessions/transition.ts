import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import { notifyLive, wakeJudge } from '../marks/notify.js';
import { type SessionAction, TRANSITIONS } from './state.js';

/** Sessions changed in one transaction: bounds its locks and the pairs it puts before the judge. */
export const TRANSITION_SESSIONS_MAX = 200;

export interface Actor {
  /** Null for the system itself. */
  performedBy: string | null;
  source: 'manual' | 'system';
}

export const SYSTEM: Actor = { performedBy: null, source: 'system' };

export interface Transition {
  action: SessionAction;
  /** Condition on `attendance_session s`; the status is checked besides. */
  where: string;
  bindings: readonly (string | number | Date)[];
  nowMs: number;
  actor: Actor;
  reason?: string;
  /** A person's change of this very session: the timetable leaves it alone from then on. Undefined status reason: as it is. */
  byHand?: { statusReason: string | undefined };
  /** SQL over `s` that gives a note for each session, or null. */
  note?: { sql: string; bindings: readonly Date[] };
}

/**
 * Carries out one transition for every session that the condition selects, with all that belongs to it in one
 * statement: status, audit row, tally, roster snapshot at opening, and everybody on the roster before the
 * judge. Whoever else is changing a session at the same moment keeps it: two schedulers make one transition and
 * one audit row (domain case 12).
 *
 * @returns the ids of the sessions that changed
 */
export async function transition(trx: Knex, request: Transition): Promise<string[]> {
  const { action, where, bindings, nowMs, actor, reason = '', note, byHand } = request;
  const { from, to } = TRANSITIONS[action];
  const now = new Date(nowMs);
  const extra = extraColumns(action, actor, now);
  const asksToConfirm = action === 'close' && actor.source === 'system';
  const hand = handColumns(byHand);
  const { rows } = await prepared<{ rows: { id: string }[] }>(
    trx,
    `WITH due AS MATERIALIZED (
       SELECT s.id, s.status AS old_status, (${note?.sql ?? 'NULL'})::text AS note
       FROM attendance_session s WHERE s.status = ANY(?::text[]) AND (${where})
       ORDER BY s.start_at, s.id LIMIT ${TRANSITION_SESSIONS_MAX} FOR NO KEY UPDATE SKIP LOCKED
     ), changed AS (
       UPDATE attendance_session s SET status = ?, version = s.version + 1, updated_at = ?::timestamptz,
         notes = concat_ws(E'\\n', nullif(s.notes, ''), due.note)${extra.sql}${hand.sql}
       FROM due WHERE s.id = due.id
       RETURNING s.id, s.scheduled_date, due.old_status, due.note, s.version
     ), ${action === 'open' ? SNAPSHOT_CTE : ''}
     audited AS (
       INSERT INTO attendance_audit_log
         (at, entity_type, entity_id, action, performed_by, source, reason, before, after, session_id)
       SELECT ?::timestamptz, 'attendance_session', id::text, ?::text, ?::text, ?::text,
         concat_ws('; ', nullif(?::text, ''), note),
         jsonb_build_object('status', old_status, 'version', version - 1),
         jsonb_build_object('status', ?::text, 'version', version), id
       FROM changed
     ), tallied AS (
       INSERT INTO session_tally (session_id) SELECT id FROM changed c
       WHERE NOT EXISTS (SELECT FROM session_tally t WHERE t.session_id = c.id) ON CONFLICT DO NOTHING
     ), queued AS (
       INSERT INTO judgement_todo (session_id, student_id)
       SELECT c.id, m.student_id FROM changed c ${ROSTERS_SQL}
       UNION
       SELECT c.id, r.student_id FROM changed c CROSS JOIN LATERAL (
         SELECT student_id FROM attendance_record WHERE session_id = c.id
         UNION SELECT student_id FROM decision WHERE session_id = c.id OFFSET 0) r
       UNION
       -- Which of two classes counts the visit of a guest depends on the locks of both (cases 18, 60): the other one is judged, too.
       SELECT v.counts_for_session_id, v.student_id FROM changed c JOIN session_guest v ON v.session_id = c.id
       UNION
       SELECT v.session_id, v.student_id FROM changed c JOIN session_guest v ON v.counts_for_session_id = c.id
     )${asksToConfirm ? CONFIRM_CTE : ''}${SETTLES.includes(action) ? SETTLE_CTE : ''}
     SELECT id FROM changed`,
    [
      ...(note?.bindings ?? []),
      [...from],
      ...bindings,
      to,
      now,
      ...extra.bindings,
      ...hand.bindings,
      ...(action === 'open' ? [now] : []),
      now,
      actor.source === 'system' ? (AUTO_ACTIONS[action] ?? action) : action,
      actor.performedBy,
      actor.source,
      reason,
      to,
      ...(asksToConfirm || SETTLES.includes(action) ? [now] : []),
    ] as never,
  );
  const ids = rows.map(({ id }) => id);
  if (ids.length > 0) {
    await notifyLive(trx, { type: 'session', ids });
    await wakeJudge(trx);
  }
  return ids;
}

function handColumns(byHand: Transition['byHand']): { sql: string; bindings: string[] } {
  if (byHand === undefined) return { sql: '', bindings: [] };
  if (byHand.statusReason === undefined) return { sql: ', is_hand_changed = true', bindings: [] };
  return { sql: ', is_hand_changed = true, status_reason = ?::text', bindings: [byHand.statusReason] };
}

/** The seed's audit words for what the scheduler does by itself. */
const AUTO_ACTIONS: Partial<Record<SessionAction, string>> = { open: 'auto_open', close: 'auto_close' };

/** One class after the other by its keys: whole tables are not joined for one class, whatever the planner knows of them. */
const ROSTERS_SQL = `
  CROSS JOIN LATERAL (SELECT section_id FROM session_section WHERE session_id = c.id OFFSET 0) x
  CROSS JOIN LATERAL (
    SELECT student_id FROM roster_membership
    WHERE section_id = x.section_id AND valid_during @> c.scheduled_date OFFSET 0
  ) m`;

/** Who was on the roster on the date of the class, kept as it was known at opening. */
const SNAPSHOT_CTE = `snapshot AS (
  INSERT INTO attendance_student_snapshot (session_id, student_id, section_id, roll_number, full_name, taken_at)
  SELECT DISTINCT ON (c.id, st.id) c.id, st.id, x.section_id, st.roll_number, st.full_name, ?::timestamptz
  FROM changed c ${ROSTERS_SQL}
    JOIN student st ON st.id = m.student_id
  ON CONFLICT DO NOTHING
),`;

/** A class that opened, ran and closed without anybody: its faculty member is asked once (domain case 15). */
const CONFIRM_CTE = `, asked AS (
  INSERT INTO exception_item (at, code, message, session_id)
  SELECT ?::timestamptz, 'CONFIRM_CLASS',
    'Nobody opened, marked or closed this class by hand; confirm that it was held, or say that it was not', s.id
  FROM changed c JOIN attendance_session s ON s.id = c.id
  WHERE s.auto_opened AND NOT s.is_hand_changed AND s.qr_generated_at IS NULL
    AND NOT EXISTS (SELECT FROM decision d WHERE d.session_id = s.id AND d.decided_by IS NOT NULL)
  ON CONFLICT DO NOTHING
)`;

/** After these nobody needs to confirm any more, nor to say whether a half-day takes the class (case 7). */
const SETTLES: readonly SessionAction[] = ['cancel', 'not_held', 'lock'];
const SETTLE_CTE = `, settled AS (
  UPDATE exception_item e SET resolved_at = ?::timestamptz FROM changed c
  WHERE e.session_id = c.id AND e.code IN ('CONFIRM_CLASS', 'HOLIDAY_STRADDLE') AND e.resolved_at IS NULL
)`;

function extraColumns(
  action: SessionAction,
  actor: Actor,
  now: Date,
): { sql: string; bindings: (Date | boolean)[] } {
  const isAutomatic = actor.source === 'system';
  switch (action) {
    case 'open':
      return {
        sql: ', actual_start_at = ?::timestamptz, auto_opened = ?::boolean',
        bindings: [now, isAutomatic],
      };
    case 'close':
      // The scheduler cannot know when the class really ended; a person who closes it does (domain case 14).
      return isAutomatic
        ? { sql: ', auto_closed = true', bindings: [] }
        : { sql: ', actual_end_at = ?::timestamptz', bindings: [now] };
    case 'reopen':
      return { sql: ', actual_end_at = NULL, auto_closed = false', bindings: [] };
    default:
      return { sql: '', bindings: [] };
  }
}
