import type { PunchKind } from '@rollcall/protocol/punch';
import type { TimeSource } from '@rollcall/protocol/retime';
import type { Knex } from '../db/database.js';
import type { Capture, CaptureOutcome, Facts, SessionFacts, SessionStatus } from '../rules/facts.js';
import type { Policy } from '../rules/policy.js';

/** One student in one class session. */
export interface Pair {
  sessionId: string;
  studentId: string;
}

export interface LoadedPair extends Pair {
  facts: Facts;
  hasRecord: boolean;
}

interface SessionRow {
  id: string;
  start_at: Date;
  end_at: Date;
  actual_end_at: Date | null;
  room_id: string;
  status: SessionStatus;
  policy: Policy;
}

interface StandingRow {
  session_id: string;
  student_id: string;
  is_on_roster: boolean;
  has_record: boolean;
}

interface CaptureRow {
  session_id: string;
  student_id: string;
  punch_id: string;
  at_ms: number;
  time_source: TimeSource;
  kind: PunchKind;
  gateway_id: string;
  device_id: string;
  room_id: string | null;
  direction: 'in' | 'out' | null;
  outcome: CaptureOutcome;
}

export const pairKey = ({ sessionId, studentId }: Pair): string => `${sessionId}/${studentId}`;

/** Everything that the marks of these pairs depend on, in three statements, however many pairs there are. */
export async function loadFacts(trx: Knex, pairs: readonly Pair[]): Promise<LoadedPair[]> {
  const sessionIds = pairs.map(({ sessionId }) => sessionId);
  const studentIds = pairs.map(({ studentId }) => studentId);
  const sessions = await loadSessions(trx, [...new Set(sessionIds)]);
  const standings = await trx.raw<{ rows: StandingRow[] }>(STANDING_SQL, [sessionIds, studentIds]);
  const captures = groupCaptures(
    (await trx.raw<{ rows: CaptureRow[] }>(CAPTURES_SQL, [sessionIds, studentIds])).rows,
  );
  const loaded: LoadedPair[] = [];
  for (const row of standings.rows) {
    const pair = { sessionId: row.session_id, studentId: row.student_id };
    const session = sessions.get(pair.sessionId);
    if (session === undefined) continue;
    loaded.push({
      ...pair,
      hasRecord: row.has_record,
      facts: {
        session,
        isOnRoster: row.is_on_roster,
        captures: captures.get(pairKey(pair)) ?? [],
        decisions: [],
      },
    });
  }
  return loaded;
}

const PAIRS_SQL = 'unnest(?::uuid[], ?::uuid[]) AS pair (session_id, student_id)';

/**
 * Each pair's record and captures are found by their keys, one pair after the other: OFFSET 0 keeps the planner
 * from joining whole tables instead, which statistics taken on the empty tables of a first day make look cheap.
 * The roster is small and rarely changes: how to join it may be the planner's choice; its exclusion constraint
 * leaves at most one membership of a student in a section on one date.
 */
const STANDING_SQL = `
  SELECT s.id AS session_id, pair.student_id, r.is_there IS NOT NULL AS has_record,
    m.id IS NOT NULL AS is_on_roster
  FROM ${PAIRS_SQL}
    JOIN attendance_session s ON s.id = pair.session_id
    LEFT JOIN LATERAL (
      SELECT true AS is_there FROM attendance_record
      WHERE session_id = pair.session_id AND student_id = pair.student_id OFFSET 0
    ) r ON true
    LEFT JOIN roster_membership m ON m.student_id = pair.student_id AND m.section_id = s.section_id
      AND m.valid_during @> s.scheduled_date`;

/** As above. A device that is no longer configured keeps its punches: only its direction is unknown then. */
export const CAPTURES_SQL = `
  SELECT pair.session_id, pair.student_id, p.punch_id, p.time_source, p.kind, p.gateway_id, p.device_id, p.room_id,
    p.outcome, coalesce(p.direction_hint, nullif(d.direction, 'both')) AS direction,
    floor(extract(epoch FROM p.effective_at) * 1000)::float8 AS at_ms
  FROM ${PAIRS_SQL}
    JOIN attendance_session s ON s.id = pair.session_id
    CROSS JOIN LATERAL (
      SELECT * FROM punch
      WHERE student_id = pair.student_id AND effective_at BETWEEN s.reach_from AND s.reach_until
        AND outcome IN ('recognized', 'blocked')
      OFFSET 0
    ) p
    LEFT JOIN attendance_biometric_device d ON d.gateway_id = p.gateway_id AND d.device_id = p.device_id`;

async function loadSessions(trx: Knex, ids: readonly string[]): Promise<Map<string, SessionFacts>> {
  const { rows } = await trx.raw<{ rows: SessionRow[] }>(
    `SELECT id, start_at, end_at, actual_end_at, room_id, status, policy
     FROM attendance_session WHERE id = ANY(?::uuid[])`,
    [ids as never],
  );
  return new Map(
    rows.map((row) => [
      row.id,
      {
        startMs: row.start_at.getTime(),
        endMs: row.end_at.getTime(),
        closedEarlyMs: row.actual_end_at?.getTime() ?? null,
        roomId: row.room_id,
        status: row.status,
        policy: row.policy,
      },
    ]),
  );
}

function groupCaptures(rows: readonly CaptureRow[]): Map<string, Capture[]> {
  const groups = new Map<string, Capture[]>();
  for (const row of rows) {
    const key = pairKey({ sessionId: row.session_id, studentId: row.student_id });
    const group = groups.get(key);
    const capture: Capture = {
      punchId: row.punch_id,
      atMs: row.at_ms,
      timeSource: row.time_source,
      kind: row.kind,
      gatewayId: row.gateway_id,
      deviceId: row.device_id,
      roomId: row.room_id,
      direction: row.direction,
      outcome: row.outcome,
    };
    if (group === undefined) groups.set(key, [capture]);
    else group.push(capture);
  }
  return groups;
}
