import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import { type Clash, occupySessions } from '../sessions/occupy.js';
import { askAboutStraddles, type Straddle } from './ask-about-straddles.js';
import { isDate, plusDays } from './campus-zone.js';
import { holdCalendar } from './hold-calendar.js';
import { loadCalendar } from './load-calendar.js';
import { makeAgain, PLANNED_SQL, undoneClasses } from './make-again.js';
import { type LeftOut, type Plan, type PlannedSession, planSessions, type Slot } from './plan.js';
import { loadPolicies } from './policies.js';
import { tellClashes } from './tell-clashes.js';

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
  /** The undoable job that this is part of. */
  batchJobId?: string;
}

export interface Generated {
  created: number;
  existing: number;
  /** Classes that the calendar leaves out, with why. */
  leftOut: LeftOut[];
  /** Classes that were made although something of theirs is taken then. */
  clashes: Clash[];
}

interface SlotRow {
  id: string;
  day_of_week: number;
  start_time: string;
  end_time: string;
  starts_on: string;
  ends_on: string;
  version_from: string;
  version_until: string | null;
  day_order: number | null;
  groups: { id: string; parent: string | null; year: number | null; department: string | null }[];
  programme_id: string | null;
  course_type: string;
  slot_type: string;
}

/**
 * Makes the class sessions of the timetable for a range of dates, once: running it again creates what is
 * missing and nothing else (domain cases 1, 2), and what was made and undone (case 76). The policy that the settings of now give at the start of a
 * class is stamped on it: a later change of the settings is for classes made later. A holiday or a day of the calendar that is declared
 * in this moment waits until they are made, and takes them, or is waited for: it is the same as one declared before or after (cases 3, 4, 9).
 *
 * @throws RollcallError `REQUEST_INVALID` for dates that are none or too far apart, `CONFIG_INVALID`
 */
export async function generateSessions(knex: Knex, request: GenerateRequest): Promise<Generated> {
  checkRange(request.from, request.to);
  const zone = await campusZone(knex);
  if (zone === undefined) return { created: 0, existing: 0, leftOut: [], clashes: [] };
  return knex.transaction(async (trx) => {
    await holdCalendar(trx);
    const plan = (await loadPlanner(trx, { ...request, zone }))(request.from, request.to);
    const planned = plan.sessions.filter(
      ({ endMs }) => request.endingAfterMs === undefined || endMs > request.endingAfterMs,
    );
    let created = 0;
    const clashes: Clash[] = [];
    for (let start = 0; start < planned.length; start += INSERT_ROWS_MAX) {
      const ids = await insertSessions(trx, planned.slice(start, start + INSERT_ROWS_MAX), request);
      clashes.push(...(await occupySessions(trx, ids)));
      created += ids.length;
    }
    await tellClashes(trx, clashes, request.nowMs);
    return { created, existing: planned.length - created, leftOut: plan.leftOut, clashes };
  });
}

/** Reads timetable, calendar and settings once; answers with what they mean for dates within the range. */
export async function loadPlanner(
  knex: Knex,
  { from, to, zone }: { from: string; to: string; zone: string },
): Promise<(from: string, to: string) => Plan> {
  const policyAt = await loadPolicies(knex);
  const slots = await loadSlots(knex);
  const calendar = await loadCalendar(knex, from, to);
  return (first, last) => planSessions({ slots, from: first, to: last, zone, policyAt, calendar });
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
    `SELECT t.id, t.day_of_week, t.start_time, t.end_time, p.starts_on, p.ends_on, t.slot_type, c.course_type,
       lower(v.valid_during) AS version_from, upper(v.valid_during) AS version_until,
       CASE WHEN v.uses_day_order THEN t.day_order END AS day_order,
       (SELECT jsonb_agg(jsonb_build_object('id', g.id, 'parent', g.parent_id, 'year', coalesce(g.year_of_study, o.year_of_study),
          'department', coalesce(g.department_id, o.department_id)) ORDER BY g.id)
        FROM section g LEFT JOIN section o ON o.id = g.parent_id
        WHERE g.id = t.section_id OR g.id IN (SELECT x.section_id FROM timetable_slot_section x WHERE x.slot_id = t.id)
       ) AS groups,
       (SELECT g.programme_id FROM section g WHERE g.id = t.section_id) AS programme_id
     FROM attendance_timetable_slot t JOIN academic_period p ON p.id = t.academic_period_id
       JOIN timetable_version v ON v.id = t.timetable_version_id JOIN course c ON c.code = t.course_code
     WHERE t.is_active ORDER BY t.id`,
  );
  return rows.map((row) => ({
    id: row.id,
    dayOfWeek: row.day_of_week,
    startTime: row.start_time,
    endTime: row.end_time,
    periodStartsOn: row.starts_on,
    periodEndsOn: row.ends_on,
    versionFrom: row.version_from,
    versionUntil: row.version_until,
    dayOrder: row.day_order,
    groups: row.groups.map((group) => ({
      sectionId: group.id,
      parentId: group.parent,
      yearOfStudy: group.year,
      departmentId: group.department,
    })),
    policyScope: {
      programmeId: row.programme_id,
      courseType: row.slot_type === 'LAB' ? 'lab' : row.course_type,
    },
  }));
}

const INSERT_SQL = `
  WITH planned AS (${PLANNED_SQL}), created AS (
    INSERT INTO attendance_session (timetable_slot_id, academic_period_id, section_id, course_code, faculty_code,
      room_id, scheduled_date, start_at, end_at, reach_from, reach_until, policy, updated_at, session_type, period_count,
      is_co_taught, timetable_version_id, follows_weekday, status_reason, batch_job_id)
    SELECT t.id, t.academic_period_id, t.section_id, t.course_code, t.faculty_code,
      t.room_id, p.date, p.start_at, p.end_at, p.reach_from, p.reach_until, p.policy, ?::timestamptz, t.slot_type,
      t.period_count, t.is_co_taught, t.timetable_version_id, p.follows, coalesce(p.reason, ''), ?::uuid
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
  SELECT id, timetable_slot_id FROM created`;

const STRADDLES_SQL = `
  WITH planned AS (${PLANNED_SQL})
  SELECT s.id, p.holiday AS "holidayId"
  FROM planned p JOIN attendance_session s ON s.timetable_slot_id = p.slot_id AND s.scheduled_date = p.date
  WHERE s.id = ANY(?::uuid[]) AND p.holiday IS NOT NULL`;

/** The first group and room are listed by the table itself. */
const PLACES_SQL = `
  WITH made AS (SELECT s.* FROM attendance_session s WHERE s.id = ANY(?::uuid[])), sections AS (
    INSERT INTO session_section (session_id, section_id, scheduled_date, reach_from, reach_until)
    SELECT m.id, x.section_id, m.scheduled_date, m.reach_from, m.reach_until
    FROM made m JOIN timetable_slot_section x ON x.slot_id = m.timetable_slot_id
    ON CONFLICT DO NOTHING
  )
  INSERT INTO session_room (session_id, room_id)
  SELECT m.id, x.room_id FROM made m JOIN timetable_slot_room x ON x.slot_id = m.timetable_slot_id
  WHERE x.room_id <> m.room_id`;

/** @returns the ids of those that did not exist, or only as undone ones */
async function insertSessions(
  knex: Knex,
  planned: readonly PlannedSession[],
  { nowMs, performedBy, batchJobId }: GenerateRequest,
): Promise<string[]> {
  const rows = JSON.stringify(planned.map(toRow));
  const now = new Date(nowMs);
  const result = await knex.raw<{ rows: { id: string }[] }>(INSERT_SQL, [
    rows,
    now,
    batchJobId ?? null,
    now,
    performedBy ?? null,
  ]);
  const ids = result.rows.map(({ id }) => id);
  if (ids.length < planned.length) {
    const undone = await undoneClasses(knex, rows);
    if (undone.length > 0) {
      const actor = {
        performedBy: performedBy ?? null,
        source: performedBy === undefined ? ('system' as const) : ('manual' as const),
      };
      await makeAgain(knex, { planned: rows, ids: undone, batchJobId: batchJobId ?? null, nowMs, actor });
      ids.push(...undone);
    }
  }
  if (ids.length === 0) return ids;
  await knex.raw(PLACES_SQL, [ids as never]);
  if (planned.some(({ straddles }) => straddles !== null)) {
    const straddles = await knex.raw<{ rows: Straddle[] }>(STRADDLES_SQL, [rows, ids as never]);
    await askAboutStraddles(knex, straddles.rows, nowMs);
  }
  return ids;
}

const toRow = ({
  slotId,
  date,
  startMs,
  endMs,
  reachFromMs,
  reachUntilMs,
  policy,
  ...rest
}: PlannedSession): object => ({
  slot_id: slotId,
  date,
  start_at: new Date(startMs),
  end_at: new Date(endMs),
  reach_from: new Date(reachFromMs),
  reach_until: new Date(reachUntilMs),
  policy,
  follows: rest.followsWeekday,
  reason: rest.straddles === null ? null : 'HOLIDAY_STRADDLE',
  holiday: rest.straddles?.id ?? null,
});
