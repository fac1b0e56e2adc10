import type { Knex } from '../db/database.js';
import type { Scope } from './scope.js';

/**
 * The period of an instant: the academic periods that contain its day on campus and, between two periods, the one that
 * ended last.
 */
export function periodsAt(asOfMs: number): Scope {
  const at = new Date(asOfMs).toISOString();
  return {
    sql: `SELECT id, starts_on, ends_on FROM academic_period, (
        SELECT (?::timestamptz AT TIME ZONE zone)::date AS day FROM campus ORDER BY id LIMIT 1) today
      WHERE starts_on <= day AND ends_on >= least(day, (SELECT max(ends_on) FROM academic_period
        WHERE starts_on <= (SELECT (?::timestamptz AT TIME ZONE zone)::date FROM campus ORDER BY id LIMIT 1)))`,
    bindings: [at, at],
  };
}

/**
 * Groups and courses that a faculty member teaches in these periods, as `section_id`, `course_code`, `during`: by a slot
 * of the timetable, or on the days of classes that the timetable or somebody above gave (domain cases 67, 157). A class
 * that faculty made themselves is none of them.
 */
export function taughtGroups(facultyCode: string, periods: Scope): Scope {
  return {
    sql: `WITH xp AS (${periods.sql}), xt AS (
        SELECT t.id, t.section_id, t.course_code, daterange(xp.starts_on, xp.ends_on, '[]') AS during
        FROM attendance_timetable_slot t JOIN xp ON xp.id = t.academic_period_id
        WHERE t.faculty_code = ? AND t.is_active)
      SELECT section_id, course_code, during FROM xt
      UNION SELECT xx.section_id, xt.course_code, xt.during
        FROM xt JOIN timetable_slot_section xx ON xx.slot_id = xt.id
      UNION SELECT xs.section_id, xa.course_code, daterange(min(xs.scheduled_date), max(xs.scheduled_date), '[]')
        FROM attendance_session xa JOIN xp ON xp.id = xa.academic_period_id
          JOIN session_section xs ON xs.session_id = xa.id
        WHERE (xa.faculty_code = ? OR xa.substitute_code = ?) AND NOT xa.is_made_by_faculty
        GROUP BY xs.section_id, xa.course_code`,
    bindings: [...periods.bindings, facultyCode, facultyCode, facultyCode],
  };
}

export interface TaughtClass {
  facultyCode: string;
  course: string;
  sections: readonly string[];
  /** Campus-local. */
  date: string;
}

/** Whether the faculty member teaches this course to every one of these groups in the academic period of the date. */
export async function teachesGroups(
  knex: Knex,
  { facultyCode, course, sections, date }: TaughtClass,
): Promise<boolean> {
  const periods = {
    sql: 'SELECT id, starts_on, ends_on FROM academic_period WHERE starts_on <= ?::date AND ends_on >= ?::date',
    bindings: [date, date],
  };
  const taught = taughtGroups(facultyCode, periods);
  const { rows } = await knex.raw<{ rows: { is_taught: boolean }[] }>(
    `SELECT ?::text[] <@ coalesce(array_agg(g.section_id), '{}') AS is_taught FROM (${taught.sql}) g
     WHERE g.course_code = ?`,
    [sections as never, ...taught.bindings, course],
  );
  return rows[0]?.is_taught === true;
}
