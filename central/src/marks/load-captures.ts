import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import { earliestReceivedMonth } from '../people/received-month.js';
import type { Capture } from '../rules/facts.js';
import { instantText } from '../rules/instant-text.js';
import { epochMs } from './epoch-ms.js';
import { type Pair, pairKey } from './pair.js';

/** What one student did between two instants, as evidence for one class session. */
export interface CaptureRequest extends Pair {
  fromMs: number;
  untilMs: number;
}

interface CaptureRow extends Capture {
  /** Which of the requests, from 1 on. */
  n: number;
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
 *
 * Months before the first that can hold any of it are left out before the statement begins, whatever their number.
 * Those to come have partitions already, and asking each of them for every pair costs as much as what is found: the
 * newest punch tells that there is nothing in them.
 */
const PUNCHES_SQL = `
  SELECT pair.n, p.punch_id AS "punchId", ${epochMs('p.effective_at')} AS "atMs", p.time_source AS "timeSource", p.kind,
    p.verify_method AS "verifyMethod", p.gateway_id AS "gatewayId", p.device_id AS "deviceId", p.room_id AS "roomId",
    coalesce(p.direction_hint, nullif(d.direction, 'both')) AS direction, p.outcome
  FROM pair CROSS JOIN LATERAL (
      SELECT * FROM punch
      WHERE student_id = pair.student_id AND effective_at BETWEEN pair.from_at AND pair.until_at
        AND received_month >= ?::date
        AND received_month <= (
          SELECT date_trunc('month', max(received_at) AT TIME ZONE 'UTC')::date FROM punch WHERE received_month >= ?::date)
        AND outcome IN ('recognized', 'blocked')
        AND (review_batch_id IS NULL OR ${IS_ACCEPTED})
      OFFSET 0
    ) p
    LEFT JOIN attendance_biometric_device d ON d.gateway_id = p.gateway_id AND d.device_id = p.device_id`;

/** Scans and meetings are of the class itself, wherever that is; a meeting is nowhere. In the columns of the punches. */
const SCANS_SQL = `
  SELECT pair.n, q.id, ${epochMs('q.scanned_at')}, 'gateway_clock', 'qr', NULL, '', 'qr', s.room_id, 'in',
    CASE q.outcome WHEN 'unverified' THEN 'unverified' ELSE 'recognized' END
  FROM pair CROSS JOIN LATERAL (
      SELECT * FROM qr_scan WHERE student_id = pair.student_id AND session_id = pair.session_id AND outcome <> 'refused'
      OFFSET 0
    ) q
    JOIN attendance_session s ON s.id = pair.session_id
  UNION ALL
  SELECT pair.n, o.id, ${epochMs('o.at')}, 'gateway_clock', 'online', NULL, '', o.tool, NULL, o.direction, 'recognized'
  FROM pair CROSS JOIN LATERAL (
      SELECT * FROM online_presence WHERE student_id = pair.student_id AND session_id = pair.session_id OFFSET 0
    ) o`;

/** Takes four arrays of the pairs, and twice the first month in which any of it can have been received. */
export const CAPTURES_SQL = `
  WITH pair AS MATERIALIZED (
    SELECT n::int, session_id, student_id, from_at, until_at
    FROM unnest(?::uuid[], ?::uuid[], ?::timestamptz[], ?::timestamptz[]) WITH ORDINALITY
      AS u (session_id, student_id, from_at, until_at, n)
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
  const month = earliestReceivedMonth(
    requests.reduce((first, { fromMs }) => Math.min(first, fromMs), Infinity),
  );
  const { rows } = await prepared<{ rows: CaptureRow[] }>(trx, CAPTURES_SQL, [
    requests.map(({ sessionId }) => sessionId),
    requests.map(({ studentId }) => studentId),
    requests.map(({ fromMs }) => instantText(fromMs)),
    requests.map(({ untilMs }) => instantText(untilMs)),
    month,
    month,
  ] as never);
  const groups: Capture[][] = requests.map(() => []);
  for (const row of rows) groups[row.n - 1]?.push(row);
  const captures = new Map<string, Capture[]>();
  groups.forEach((group, index) => {
    if (group.length > 0) captures.set(pairKey(requests[index] as CaptureRequest), group);
  });
  return captures;
}
