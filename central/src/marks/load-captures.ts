import type { TimeSource } from '@rollcall/protocol/retime';
import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import { earliestReceivedMonthSql } from '../people/received-month.js';
import type { Capture, CaptureKind, CaptureOutcome } from '../rules/facts.js';
import { type Pair, pairKey } from './pair.js';

/** What one student did between two instants, as evidence for one class session. */
export interface CaptureRequest extends Pair {
  fromMs: number;
  untilMs: number;
}

interface CaptureRow {
  session_id: string;
  student_id: string;
  punch_id: string;
  at_ms: number;
  time_source: TimeSource;
  kind: CaptureKind;
  verify_method: string | null;
  gateway_id: string;
  device_id: string;
  room_id: string | null;
  direction: 'in' | 'out' | null;
  outcome: CaptureOutcome;
}

/**
 * A held punch counts for the class that it was accepted for, and for those that it is carried over to: where it
 * lies in the reach of the class that is judged, that class's own decision is asked.
 */
const IS_ACCEPTED = `EXISTS (
  SELECT FROM review_batch_session rv JOIN attendance_session at ON at.id = rv.session_id
  WHERE rv.batch_id = review_batch_id AND rv.decision = 'accepted'
    AND effective_at BETWEEN at.reach_from AND at.reach_until
    AND (at.id = pair.session_id OR (
      NOT EXISTS (SELECT FROM attendance_session own
        WHERE own.id = pair.session_id AND effective_at BETWEEN own.reach_from AND own.reach_until)
      AND EXISTS (SELECT FROM session_section g JOIN roster_membership m
        ON m.section_id = g.section_id AND m.valid_during @> g.scheduled_date
        WHERE g.session_id = at.id AND m.student_id = pair.student_id))))`;

/**
 * Each pair's captures are found by their keys, one pair after the other: OFFSET 0 keeps the planner from joining
 * whole tables instead, which statistics taken on the empty tables of a first day make look cheap. A device that
 * is no longer configured keeps its punches: only its direction is unknown then.
 */
const PUNCHES_SQL = `
  SELECT pair.session_id, pair.student_id, p.punch_id, p.time_source, p.kind, p.verify_method, p.gateway_id, p.device_id,
    p.room_id, coalesce(p.direction_hint, nullif(d.direction, 'both')) AS direction, p.outcome,
    floor(extract(epoch FROM p.effective_at) * 1000)::float8 AS at_ms
  FROM pair CROSS JOIN LATERAL (
      SELECT * FROM punch
      WHERE student_id = pair.student_id AND effective_at BETWEEN pair.from_at AND pair.until_at
        AND received_month >= ${earliestReceivedMonthSql('pair.from_at')}
        AND outcome IN ('recognized', 'blocked')
        AND (review_batch_id IS NULL OR ${IS_ACCEPTED})
      OFFSET 0
    ) p
    LEFT JOIN attendance_biometric_device d ON d.gateway_id = p.gateway_id AND d.device_id = p.device_id`;

/** Scans and meetings are of the class itself, wherever that is; a meeting is nowhere. */
const SCANS_SQL = `
  SELECT pair.session_id, pair.student_id, q.id AS punch_id, 'gateway_clock' AS time_source, 'qr' AS kind,
    NULL AS verify_method, '' AS gateway_id, 'qr' AS device_id, s.room_id, 'in' AS direction,
    CASE q.outcome WHEN 'unverified' THEN 'unverified' ELSE 'recognized' END AS outcome,
    floor(extract(epoch FROM q.scanned_at) * 1000)::float8 AS at_ms
  FROM pair CROSS JOIN LATERAL (
      SELECT * FROM qr_scan WHERE student_id = pair.student_id AND session_id = pair.session_id AND outcome <> 'refused'
      OFFSET 0
    ) q
    JOIN attendance_session s ON s.id = pair.session_id
  UNION ALL
  SELECT pair.session_id, pair.student_id, o.id, 'gateway_clock', 'online', NULL, '', o.tool, NULL, o.direction, 'recognized',
    floor(extract(epoch FROM o.at) * 1000)::float8
  FROM pair CROSS JOIN LATERAL (
      SELECT * FROM online_presence WHERE student_id = pair.student_id AND session_id = pair.session_id OFFSET 0
    ) o`;

export const CAPTURES_SQL = `
  WITH pair AS MATERIALIZED (
    SELECT * FROM unnest(?::uuid[], ?::uuid[], ?::timestamptz[], ?::timestamptz[])
      AS u (session_id, student_id, from_at, until_at)
  )
  ${PUNCHES_SQL}
  UNION ALL
  ${SCANS_SQL}`;

/** By pair, punches, scans and meetings, in one statement however many pairs there are. */
export async function loadCaptures(
  trx: Knex,
  requests: readonly CaptureRequest[],
): Promise<Map<string, Capture[]>> {
  if (requests.length === 0) return new Map();
  const { rows } = await prepared<{ rows: CaptureRow[] }>(trx, CAPTURES_SQL, [
    requests.map(({ sessionId }) => sessionId),
    requests.map(({ studentId }) => studentId),
    requests.map(({ fromMs }) => new Date(fromMs)),
    requests.map(({ untilMs }) => new Date(untilMs)),
  ] as never);
  const groups = new Map<string, Capture[]>();
  for (const row of rows) {
    const key = pairKey({ sessionId: row.session_id, studentId: row.student_id });
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [toCapture(row)]);
    else group.push(toCapture(row));
  }
  return groups;
}

const toCapture = (row: CaptureRow): Capture => ({
  punchId: row.punch_id,
  atMs: row.at_ms,
  timeSource: row.time_source,
  kind: row.kind,
  verifyMethod: row.verify_method,
  gatewayId: row.gateway_id,
  deviceId: row.device_id,
  roomId: row.room_id,
  direction: row.direction,
  outcome: row.outcome,
});
