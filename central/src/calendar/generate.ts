import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import { isDate, plusDays } from './campus-zone.js';
import { type PlannedSession, planSessions, type Slot } from './plan.js';
import { loadPolicies } from './policies.js';

/** A whole academic year at once; more is a typing mistake. */
const RANGE_DAYS_MAX = 400;
/** Sessions in one INSERT: some two megabytes of parameters. */
const INSERT_ROWS_MAX = 5_000;

export interface GenerateRequest {
  /** Campus-local dates, both included. */
  from: string;
  to: string;
  nowMs: number;
  /**
   * Leaves out classes that had ended by then: a campus that is set up at noon has no evidence of its morning,
   * and nobody may be absent from it.
   */
  endingAfterMs?: number;
  performedBy?: string;
}

export interface Generated {
  created: number;
  existing: number;
}

interface SlotRow {
  id: string;
  day_of_week: number;
  start_time: string;
  end_time: string;
  starts_on: string;
  ends_on: string;
}

/**
 * Makes the class sessions of the timetable for a range of dates, once: running it again creates what is
 * missing and nothing else (domain cases 1, 2). The policy that the settings of now give at the start of a
 * class is stamped on it: a later change of the settings is for classes made later.
 *
 * @throws RollcallError `REQUEST_INVALID` for dates that are none or too far apart, `CONFIG_INVALID`
 */
export async function generateSessions(knex: Knex, request: GenerateRequest): Promise<Generated> {
  checkRange(request.from, request.to);
  const zone = await campusZone(knex);
  if (zone === undefined) return { created: 0, existing: 0 };
  const policyAt = await loadPolicies(knex);
  const slots = await loadSlots(knex);
  const planned = planSessions({ slots, from: request.from, to: request.to, zone, policyAt }).filter(
    ({ endMs }) => request.endingAfterMs === undefined || endMs > request.endingAfterMs,
  );
  let created = 0;
  for (let start = 0; start < planned.length; start += INSERT_ROWS_MAX) {
    const rows = planned.slice(start, start + INSERT_ROWS_MAX);
    created += await insertSessions(knex, rows, request);
  }
  return { created, existing: planned.length - created };
}

/** Undefined before the first seed. */
export async function campusZone(knex: Knex): Promise<string | undefined> {
  const row = await knex('campus').select<{ zone: string }[]>('zone').orderBy('id').first();
  return row?.zone;
}

function checkRange(from: string, to: string): void {
  if (isDate(from) && isDate(to) && from <= to && to <= plusDays(from, RANGE_DAYS_MAX)) return;
  throw new RollcallError(
    'REQUEST_INVALID',
    `from ${from} to ${to} is no range of dates: write both as YYYY-MM-DD, the earlier first, at most ${RANGE_DAYS_MAX} days apart`,
  );
}

async function loadSlots(knex: Knex): Promise<Slot[]> {
  const { rows } = await knex.raw<{ rows: SlotRow[] }>(
    `SELECT t.id, t.day_of_week, t.start_time, t.end_time, p.starts_on, p.ends_on
     FROM attendance_timetable_slot t JOIN academic_period p ON p.id = t.academic_period_id
     WHERE t.is_active ORDER BY t.id`,
  );
  return rows.map((row) => ({
    id: row.id,
    dayOfWeek: row.day_of_week,
    startTime: row.start_time,
    endTime: row.end_time,
    periodStartsOn: row.starts_on,
    periodEndsOn: row.ends_on,
  }));
}

const INSERT_SQL = `
  WITH planned AS (
    SELECT * FROM jsonb_to_recordset(?::jsonb)
      AS p (slot_id text, date date, start_at timestamptz, end_at timestamptz, reach_from timestamptz, reach_until timestamptz,
        policy jsonb)
  ), created AS (
    INSERT INTO attendance_session (timetable_slot_id, academic_period_id, section_id, course_code, faculty_code,
      room_id, scheduled_date, start_at, end_at, reach_from, reach_until, policy, updated_at)
    SELECT t.id, t.academic_period_id, t.section_id, t.course_code, t.faculty_code,
      t.room_id, p.date, p.start_at, p.end_at, p.reach_from, p.reach_until, p.policy, ?::timestamptz
    FROM planned p JOIN attendance_timetable_slot t ON t.id = p.slot_id
    ON CONFLICT (timetable_slot_id, scheduled_date) DO NOTHING
    RETURNING id, timetable_slot_id, scheduled_date
  ), tallied AS (
    INSERT INTO session_tally (session_id) SELECT id FROM created
  ), audited AS (
    INSERT INTO attendance_audit_log (at, entity_type, entity_id, action, performed_by, after, session_id)
    SELECT ?::timestamptz, 'attendance_session', id::text, 'create', ?,
      jsonb_build_object('status', 'scheduled', 'timetable_slot_id', timetable_slot_id, 'scheduled_date', scheduled_date), id
    FROM created
  )
  SELECT count(*)::int AS created FROM created`;

async function insertSessions(
  knex: Knex,
  planned: readonly PlannedSession[],
  { nowMs, performedBy }: GenerateRequest,
): Promise<number> {
  const rows = planned.map(({ slotId, date, startMs, endMs, reachFromMs, reachUntilMs, policy }) => ({
    slot_id: slotId,
    date,
    start_at: new Date(startMs),
    end_at: new Date(endMs),
    reach_from: new Date(reachFromMs),
    reach_until: new Date(reachUntilMs),
    policy,
  }));
  const now = new Date(nowMs);
  const result = await knex.raw<{ rows: { created: number }[] }>(INSERT_SQL, [
    JSON.stringify(rows),
    now,
    now,
    performedBy ?? null,
  ]);
  return result.rows[0]?.created ?? 0;
}
