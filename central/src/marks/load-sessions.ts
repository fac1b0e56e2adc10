import type { Knex } from '../db/database.js';
import { isThere, prepared } from '../db/prepared.js';
import type { ClassRoom, SessionFacts, SessionStatus } from '../rules/facts.js';
import { type Policy, readPolicy } from '../rules/policy.js';

/** A class session with what finding its surroundings needs. */
export interface LoadedSession extends SessionFacts {
  campusId: string;
  date: string;
  /** Campus-local wall time of the start, for leave that covers part of a day. */
  localStart: string;
  groups: readonly string[];
  /** Holidays of some groups only, on the day of the class. */
  scopedHolidays: readonly ScopedHoliday[];
  /** Classes that students of this one were let into, and that count for it (domain case 60). */
  guests: readonly { student_id: string; session_id: string }[];
}

export interface ScopedHoliday {
  start_time: string | null;
  end_time: string | null;
  scope_year_of_study: number | null;
  scope_department_id: string | null;
  scope_section_id: string | null;
  /** Null: before the day. */
  declared_ms: number | null;
}

interface SessionRow {
  id: string;
  start_at: Date;
  end_at: Date;
  actual_end_at: Date | null;
  reach_from: Date;
  reach_until: Date;
  status: SessionStatus;
  policy: unknown;
  period_count: number;
  campus_id: string;
  date: string;
  local_start: string;
  midnight: Date;
  groups: string[];
  rooms: { id: string; from: number | null; until: number | null; is_alternating: boolean }[] | null;
  has_exits: boolean;
  has_fingers: boolean;
  holidays: ScopedHoliday[] | null;
  guests: LoadedSession['guests'] | null;
}

/** Lights see nobody; what is switched off captures nothing. */
const DEVICE_SQL = `session_room r JOIN attendance_biometric_device d ON d.room_id = r.room_id AND d.is_enabled
    WHERE r.session_id = s.id`;

export const SESSIONS_SQL = `
  SELECT s.id, s.start_at, s.end_at, s.actual_end_at, s.reach_from, s.reach_until, s.status, s.policy, s.period_count,
    c.id AS campus_id, s.scheduled_date::text AS date, (s.start_at AT TIME ZONE c.zone)::time::text AS local_start,
    s.scheduled_date::timestamp AT TIME ZONE c.zone AS midnight,
    ARRAY(SELECT section_id FROM session_section WHERE session_id = s.id ORDER BY 1) AS groups,
    (SELECT json_agg(json_build_object('id', r.room_id,
         'from', floor(extract(epoch FROM nullif(lower(r.valid_during), '-infinity')) * 1000),
         'until', floor(extract(epoch FROM nullif(upper(r.valid_during), 'infinity')) * 1000),
         'is_alternating', room.capture_mode = 'alternating') ORDER BY r.room_id, r.valid_during)
     FROM session_room r JOIN room ON room.id = r.room_id WHERE r.session_id = s.id) AS rooms,
    ${isThere(`${DEVICE_SQL} AND d.direction = 'out'`)} AS has_exits,
    ${isThere(`${DEVICE_SQL} AND d.device_type IN ('fingerprint', 'face')`)} AS has_fingers,
    (SELECT json_agg(json_build_object('start_time', h.start_time, 'end_time', h.end_time,
         'scope_year_of_study', h.scope_year_of_study, 'scope_department_id', h.scope_department_id,
         'scope_section_id', h.scope_section_id, 'declared_ms', extract(epoch FROM h.declared_at) * 1000))
     FROM attendance_holiday h
     WHERE h.campus_id = c.id AND h.date = s.scheduled_date AND h.affects_attendance
       AND num_nonnulls(h.scope_year_of_study, h.scope_department_id, h.scope_section_id) > 0) AS holidays,
    (SELECT json_agg(json_build_object('student_id', v.student_id, 'session_id', v.session_id) ORDER BY v.session_id)
     FROM session_guest v WHERE v.counts_for_session_id = s.id AND NOT EXISTS (
       -- Who is on the roster of the visited class by now is no guest: one presence would be two.
       SELECT FROM session_section g JOIN roster_membership m ON m.section_id = g.section_id
         AND m.valid_during @> g.scheduled_date
       WHERE g.session_id = v.session_id AND m.student_id = v.student_id)) AS guests
  FROM attendance_session s
    JOIN academic_period p ON p.id = s.academic_period_id JOIN campus c ON c.id = p.campus_id
  WHERE s.id = ANY(?::uuid[])`;

/** In one statement, however many there are. Blocks of contiguous classes are not known yet. */
export async function loadSessions(trx: Knex, ids: readonly string[]): Promise<Map<string, LoadedSession>> {
  if (ids.length === 0) return new Map();
  const { rows } = await prepared<{ rows: SessionRow[] }>(trx, SESSIONS_SQL, [ids as never]);
  const policies = new Map<string, Policy>();
  return new Map(rows.map((row) => [row.id, toSession(row, policies)]));
}

function toSession(row: SessionRow, policies: Map<string, Policy>): LoadedSession {
  const rooms = row.rooms ?? [];
  const alternatingRooms = rooms.filter((room) => room.is_alternating).map(({ id }) => id);
  return {
    id: row.id,
    startMs: row.start_at.getTime(),
    endMs: row.end_at.getTime(),
    closedEarlyMs: row.actual_end_at?.getTime() ?? null,
    rooms: rooms.map(
      ({ id, from, until }): ClassRoom => ({
        roomId: id,
        fromMs: from ?? Number.NEGATIVE_INFINITY,
        untilMs: until ?? Number.POSITIVE_INFINITY,
      }),
    ),
    reachFromMs: row.reach_from.getTime(),
    reachUntilMs: row.reach_until.getTime(),
    blockFromMs: row.reach_from.getTime(),
    blockEndMs: row.end_at.getTime(),
    midnightMs: row.midnight.getTime(),
    periodCount: row.period_count,
    tracksExits: row.has_exits || alternatingRooms.length > 0,
    alternatingRooms,
    hasFingerReader: row.has_fingers,
    status: row.status,
    policy: policyOf(row.policy, policies),
    campusId: row.campus_id,
    date: row.date,
    localStart: row.local_start,
    groups: row.groups,
    scopedHolidays: row.holidays ?? [],
    guests: row.guests ?? [],
  };
}

/** Reading a policy is dear, and a campus has few. */
function policyOf(stamped: unknown, known: Map<string, Policy>): Policy {
  const name = JSON.stringify(stamped);
  const policy = known.get(name) ?? readPolicy(stamped);
  known.set(name, policy);
  return policy;
}
