import type { Knex } from '../db/database.js';
import { isThere, prepared } from '../db/prepared.js';
import type { ClassRoom, SessionFacts, SessionStatus } from '../rules/facts.js';
import { type Policy, readPolicy } from '../rules/policy.js';
import { createKeptSessions } from './kept-sessions.js';

/** Class sessions that a thread keeps: those of a large campus' day, a few kilobytes each. */
const KEPT_SESSIONS_MAX = 4_000;
/** A campus has a handful at a time; every change of a setting makes one more. */
const KEPT_POLICIES_MAX = 200;

/** A class session with what finding its surroundings needs. Shared by all who judge it: nobody changes one. */
export interface LoadedSession extends Readonly<SessionFacts> {
  readonly policy: Readonly<Policy>;
  readonly campusId: string;
  readonly date: string;
  /** Campus-local wall time of the start, for leave that covers part of a day. */
  readonly localStart: string;
  readonly groups: readonly string[];
  /** Holidays of some groups only, on the day of the class. */
  readonly scopedHolidays: readonly ScopedHoliday[];
  /** Classes that students of this one were let into, and that count for it while they are guests there (domain case 60). */
  readonly guests: readonly Guest[];
  /** Students of others who were let into this one, each with the class that it counts for. */
  readonly letIn: readonly Guest[];
}

export type Guest = Readonly<{ student_id: string; session_id: string }>;

export type ScopedHoliday = Readonly<{
  start_time: string | null;
  end_time: string | null;
  scope_year_of_study: number | null;
  scope_department_id: string | null;
  scope_section_id: string | null;
  /** Null: before the day. */
  declared_ms: number | null;
}>;

interface TokenRow {
  id: string;
  token: string | null;
}

interface SessionRow extends TokenRow {
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
  guests: readonly Guest[] | null;
  let_in: readonly Guest[] | null;
}

/** Lights see nobody; what is switched off captures nothing. */
const DEVICE_SQL = `session_room r JOIN attendance_biometric_device d ON d.room_id = r.room_id AND d.is_enabled
    WHERE r.session_id = s.id`;

/** Another one after every change of what {@link SESSIONS_SQL} reads; see migrations 0081 and 0090 before it reads more. */
const TOKEN = `s.facts_token::text || (SELECT token::text FROM facts_epoch WHERE subject = 'campus')
      || (SELECT token::text FROM facts_epoch WHERE subject = 'holidays')`;

export const TOKENS_SQL = `SELECT s.id, ${TOKEN} AS token FROM attendance_session s WHERE s.id = ANY(?::uuid[])`;

export const SESSIONS_SQL = `
  SELECT s.id, ${TOKEN} AS token, s.start_at, s.end_at, s.actual_end_at, s.reach_from, s.reach_until, s.status, s.policy, s.period_count,
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
     FROM session_guest v WHERE v.counts_for_session_id = s.id) AS guests,
    (SELECT json_agg(json_build_object('student_id', v.student_id, 'session_id', v.counts_for_session_id) ORDER BY v.student_id)
     FROM session_guest v WHERE v.session_id = s.id) AS let_in
  FROM attendance_session s
    JOIN academic_period p ON p.id = s.academic_period_id JOIN campus c ON c.id = p.campus_id
  WHERE s.id = ANY(?::uuid[])`;

export type LoadSessions = (trx: Knex, ids: readonly string[]) => Promise<Map<string, LoadedSession>>;

/**
 * What did not change since it was read is taken from memory (ADR 63): a token says so, which is read by the transaction
 * that asks. What the same transaction has changed has another token, too; none comes again after a rollback.
 */
export function createSessionLoader(sessionsMax = KEPT_SESSIONS_MAX): LoadSessions {
  const kept = createKeptSessions(sessionsMax);
  const policyOf = createPolicyReader();

  async function read(trx: Knex, ids: readonly string[]): Promise<LoadedSession[]> {
    const { rows } = await prepared<{ rows: SessionRow[] }>(trx, SESSIONS_SQL, [ids as never]);
    return rows.map((row) => {
      const session = toSession(row, policyOf(row.policy));
      // Under the token of the same snapshot, not the one that was asked for before. Of a class that has not opened the
      // database does not tell every change (migration 0081).
      if (row.token !== null && row.status !== 'scheduled') kept.keep(row.token, session);
      return session;
    });
  }

  return async (trx, ids) => {
    const loaded = new Map<string, LoadedSession>();
    if (ids.length === 0) return loaded;
    const { rows } = await prepared<{ rows: TokenRow[] }>(trx, TOKENS_SQL, [ids as never]);
    const unknown: string[] = [];
    for (const { id, token } of rows) {
      const session = token === null ? undefined : kept.find(id, token);
      if (session === undefined) unknown.push(id);
      else loaded.set(id, session);
    }
    if (unknown.length > 0) {
      for (const session of await read(trx, unknown)) loaded.set(session.id, session);
    }
    return loaded;
  };
}

/** In two statements at most, however many there are. Blocks of contiguous classes are not known yet. */
export const loadSessions: LoadSessions = createSessionLoader();

function toSession(row: SessionRow, policy: Policy): LoadedSession {
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
    policy,
    campusId: row.campus_id,
    date: row.date,
    localStart: row.local_start,
    groups: row.groups,
    scopedHolidays: row.holidays ?? [],
    guests: row.guests ?? [],
    letIn: row.let_in ?? [],
  };
}

/** Reading a policy is dear, and a campus has few: classes with the same one share it. */
function createPolicyReader(): (stamped: unknown) => Policy {
  const known = new Map<string, Policy>();
  return (stamped) => {
    const text = JSON.stringify(stamped);
    const policy = known.get(text) ?? readPolicy(stamped);
    if (known.size >= KEPT_POLICIES_MAX) known.clear();
    known.set(text, policy);
    return policy;
  };
}
