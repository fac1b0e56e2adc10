import { ACTOR_COLUMNS, ACTOR_OF_TRANSACTION } from '../audit/actor-columns.js';
import type { AuditActor } from '../audit/audit-actor.js';
import type { Knex } from '../db/database.js';
import { refuseMoved } from '../db/moved-rows.js';
import { prepared } from '../db/prepared.js';
import type { Decision } from '../rules/decide.js';
import type { Mark, Source } from '../rules/facts.js';
import { IDS_PER_NOTIFICATION_MAX, LIVE_CHANNEL } from './notify.js';
import { type Pair, pairKey } from './pair.js';

export interface Decided extends Pair {
  decision: Decision;
}

/** A record that is now different from what it was. */
export interface ChangedRecord extends Pair {
  id: string;
  mark: Mark;
  markedAt: Date | null;
  previousMark: Mark | null;
}

/** Whose evidence waited to be judged, by pair: of a student who scanned, or null of a device. */
export type ActorsByPair = ReadonlyMap<string, AuditActor | null>;

const CAPTURED: ReadonlySet<Source | null> = new Set(['qr', 'rfid', 'biometric']);
/** Whether a mark rests on what was captured, and is nobody's decision. */
export const isCaptured = (source: Source | null): boolean => CAPTURED.has(source);

/** Stands also against whoever the transaction is for. */
const NOBODY: AuditActor = { accountId: '', role: '', ip: '', userAgent: '', requestId: '' };

/**
 * A mark that rests on evidence which had waited is not the doing of whoever happens to judge it first; one that rests on a scan is
 * the doing of the student (domain case 158).
 */
function namedIn(decided: readonly Decided[], actors: ActorsByPair): Record<string, AuditActor> {
  if (actors.size === 0) return {};
  return Object.fromEntries(
    decided.flatMap(({ decision, ...pair }) => {
      const actor = actors.get(pairKey(pair));
      if (actor === undefined || !isCaptured(decision.source)) return [];
      return [[pairKey(pair), decision.source === 'qr' ? (actor ?? NOBODY) : NOBODY]];
    }),
  );
}

/**
 * Writes what changed and nothing else, in one statement: records, one audit row for each, and the tallies by
 * the differences. The caller holds the tally rows of these sessions, so nobody else is changing their marks.
 */
export async function saveDecisions(
  trx: Knex,
  decided: readonly Decided[],
  nowMs: number,
  actors: ActorsByPair = new Map(),
): Promise<ChangedRecord[]> {
  const now = new Date(nowMs);
  const decisions = decided.map(({ decision }) => decision);
  const { rows } = await prepared<{ rows: (ChangedRow | { records: number; id: null })[] }>(trx, SAVE_SQL, [
    now,
    JSON.stringify(namedIn(decided, actors)),
    decided.map(({ sessionId }) => sessionId),
    decided.map(({ studentId }) => studentId),
    decisions.map(({ mark }) => mark),
    decisions.map(({ markedAtMs }) => (markedAtMs === null ? null : new Date(markedAtMs))),
    decisions.map(({ source }) => source),
    decisions.map(({ reason }) => reason),
    decisions.map(({ attendedPeriods }) => attendedPeriods),
    JSON.stringify(decisions.map(({ derivation }) => derivation)),
  ]);
  const changed = rows.filter((row) => row.id !== null);
  const updated = changed.filter((row) => row.previous_mark !== null).length;
  refuseMoved(rows[0]?.records ?? 0, updated, 'attendance_record');
  return changed.map((row) => ({
    id: row.id,
    sessionId: row.session_id,
    studentId: row.student_id,
    mark: row.mark,
    markedAt: row.marked_at,
    previousMark: row.previous_mark,
  }));
}

interface ChangedRow {
  /** That were found, each to be updated where it was. */
  records: number;
  id: string;
  session_id: string;
  student_id: string;
  mark: Mark;
  marked_at: Date | null;
  previous_mark: Mark | null;
}

const COUNTED_MARKS = ['present', 'late', 'absent', 'excused', 'pending'] as const;

const deltaColumns = COUNTED_MARKS.map(
  (mark) =>
    `count(*) FILTER (WHERE mark = '${mark}') - count(*) FILTER (WHERE previous_mark = '${mark}') AS ${mark}`,
).join(',\n      ');
const tallyColumns = COUNTED_MARKS.map((mark) => `${mark} = t.${mark} + d.${mark}`).join(', ');

/** Whoever is named for the pair, else whoever the transaction is for. */
const ofRow = ACTOR_COLUMNS.map(
  ([column, key]) => `nullif(coalesce(actor ->> '${key}', ${column}), '')`,
).join(', ');

/** Of the rows of one notification. */
const PART = `(row_number() OVER () - 1) / ${IDS_PER_NOTIFICATION_MAX}`;

/**
 * Records are updated or inserted by what `held` found: an upsert would lock every one in a write of its own. They are
 * still where it found them (their `ctid`), since nobody writes a record without its tally, which is proved afterwards; by
 * their id they would be looked for once more.
 * The first `pending` of a class that opens is no decision about anybody: its audit row is the opening's.
 */
const SAVE_SQL = `
  WITH clock AS MATERIALIZED (SELECT ?::timestamptz AS now, ?::jsonb AS actors, ${ACTOR_OF_TRANSACTION}),
  input AS (
    SELECT * FROM ROWS FROM (
        unnest(?::uuid[], ?::uuid[], ?::text[], ?::timestamptz[], ?::text[], ?::text[], ?::smallint[]),
        jsonb_array_elements(?::jsonb))
      AS i (session_id, student_id, mark, marked_at, source, reason, attended_periods, derivation)
  ), held AS MATERIALIZED (
    SELECT i.*, r.id, r.place, r.mark AS previous_mark, r.marked_at AS previous_marked_at, r.source AS previous_source,
      r.reason AS previous_reason, r.attended_periods AS previous_periods
    FROM input i LEFT JOIN LATERAL (
      SELECT *, ctid AS place FROM attendance_record WHERE session_id = i.session_id AND student_id = i.student_id OFFSET 0
    ) r ON true
    WHERE (r.mark, r.marked_at, r.source, r.reason, r.derivation)
      IS DISTINCT FROM (i.mark, i.marked_at, i.source, i.reason, i.derivation)
  ), updated AS (
    UPDATE attendance_record r SET mark = h.mark, marked_at = h.marked_at, source = h.source, reason = h.reason,
      derivation = h.derivation, attended_periods = h.attended_periods, version = r.version + 1, updated_at = clock.now
    FROM held h, clock WHERE r.ctid = h.place
    RETURNING r.id, h.session_id, h.student_id, h.mark, h.marked_at, h.source, h.reason, h.previous_mark,
      h.previous_marked_at, h.previous_source, h.previous_reason,
      h.mark = 'excused' OR (h.mark, h.attended_periods) IS DISTINCT FROM (h.previous_mark, h.previous_periods) AS is_recounted
  ), inserted AS (
    INSERT INTO attendance_record (session_id, student_id, mark, marked_at, source, reason, attended_periods, derivation, updated_at)
    SELECT session_id, student_id, mark, marked_at, source, reason, attended_periods, derivation, now FROM held, clock WHERE id IS NULL
    RETURNING id, session_id, student_id, mark, marked_at, source, reason
  ), changed AS MATERIALIZED (
    SELECT * FROM updated UNION ALL SELECT *, NULL, NULL, NULL, NULL, mark <> 'not_required' FROM inserted
  ), recounted AS (
    INSERT INTO statistics_todo (session_id, student_id) SELECT session_id, student_id FROM changed WHERE is_recounted
  ), audited AS (
    INSERT INTO attendance_audit_log
      (at, entity_type, entity_id, action, reason, before, after, session_id, student_id,
       ${ACTOR_COLUMNS.map(([column]) => column).join(', ')})
    SELECT now, 'attendance_record', id::text,
      CASE WHEN previous_mark IS NULL THEN 'create' ELSE 'update' END, reason,
      CASE WHEN previous_mark IS NOT NULL THEN jsonb_build_object('mark', previous_mark,
        'marked_at', previous_marked_at, 'source', previous_source, 'reason', previous_reason) END,
      jsonb_build_object('mark', mark, 'marked_at', marked_at, 'source', source, 'reason', reason),
      session_id, student_id,
      ${ofRow}
    FROM changed, clock CROSS JOIN LATERAL (SELECT actors -> (session_id || '/' || student_id) AS actor) a
    WHERE (mark, marked_at, source, reason)
        IS DISTINCT FROM (previous_mark, previous_marked_at, previous_source, previous_reason)
      AND NOT (previous_mark IS NULL AND mark = 'pending')
  ), delta AS (
    SELECT session_id,
      ${deltaColumns}
    FROM changed GROUP BY session_id
  ), tallied AS (
    UPDATE session_tally t SET ${tallyColumns} FROM delta d WHERE t.session_id = d.session_id
  ), told AS MATERIALIZED (
    SELECT pg_notify('${LIVE_CHANNEL}', payload::text) FROM (
      SELECT json_build_object('type', 'record', 'ids', json_agg(id), 'previous', json_agg(previous_mark)) AS payload
      FROM (SELECT id, previous_mark, ${PART} AS part FROM changed) c GROUP BY part
      UNION ALL SELECT json_build_object('type', 'session', 'ids', json_agg(session_id))
      FROM (SELECT session_id, ${PART} AS part FROM delta) d GROUP BY part
    ) notice
  )
  SELECT found.records, changed.id, session_id, student_id, mark, marked_at, previous_mark
  FROM (SELECT count(held.id)::int AS records FROM held) found CROSS JOIN (SELECT count(*) FROM told) t
    LEFT JOIN changed ON true`;
