import type { Knex } from '../db/database.js';
import { keptOf } from './life-calendar.test-support.js';
import type { Doing } from './life-step.test-support.js';

/** For tests: what the timetable of a life's day must be, whatever was done to it. */
export class LifeCalendarCheck {
  readonly #knex: Knex;
  readonly #date: string;
  /** Classes of which a person said that they take place, whatever the calendar says. */
  readonly #wanted = new Set<string>();

  constructor(knex: Knex, date: string) {
    this.#knex = knex;
    this.#date = date;
  }

  /** A person brought a class back, or kept it when the holiday was declared (case 6). */
  note(doing: Doing): void {
    const { step, id } = doing;
    if (step.what === 'restore') this.#wanted.add(id);
    if (step.what === 'declare-holiday') for (const kept of keptOf(doing)) this.#wanted.add(kept);
  }

  /** @throws Error naming what does not hold */
  async check(): Promise<void> {
    await this.#checkHolidays();
    const { rows } = await this.#knex.raw<{ rows: { problem: string }[] }>(PROBLEMS_SQL, {
      date: this.#date,
    });
    if (rows[0] !== undefined) throw new Error(rows[0].problem);
  }

  /** Cases 3, 4, 6 and 7: what the calendar takes is not to come, and what it takes in part was put before a person. */
  async #checkHolidays(): Promise<void> {
    const { rows } = await this.#knex.raw<{ rows: { id: string; is_whole: boolean; name: string }[] }>(
      HOLIDAYS_SQL,
      { date: this.#date },
    );
    const asked = new Set(
      await this.#knex('exception_item').where({ code: 'HOLIDAY_STRADDLE' }).pluck<string[]>('session_id'),
    );
    for (const { id, is_whole: isWhole, name } of rows) {
      if (this.#wanted.has(id)) continue;
      if (isWhole) throw new Error(`the class ${id} is to come on ${this.#date}, which is ${name}`);
      if (!asked.has(id))
        throw new Error(`nobody is asked about the class ${id}, which lies partly in ${name}`);
    }
  }
}

/**
 * Classes of the timetable that are to come, and what of the calendar is meant for all of their groups. Who makes a class by
 * hand, by a swap or as a makeup, knows the day.
 */
const HOLIDAYS_SQL = `
  WITH coming AS (
    SELECT s.id, s.scheduled_date, (s.start_at AT TIME ZONE c.zone)::time AS from_time, (s.end_at AT TIME ZONE c.zone)::time AS to_time
    FROM attendance_session s, campus c
    WHERE s.scheduled_date = :date AND s.status = 'scheduled' AND s.timetable_slot_id IS NOT NULL
  )
  SELECT s.id, true AS is_whole, d.kind AS name FROM coming s JOIN calendar_day d ON d.date = s.scheduled_date
  WHERE d.kind IN ('exam', 'no_classes')
  UNION ALL
  SELECT s.id, h.start_time IS NULL OR (h.start_time <= s.from_time AND s.to_time <= h.end_time), h.name
  FROM coming s JOIN attendance_holiday h ON h.date = s.scheduled_date AND h.affects_attendance
    AND (h.start_time IS NULL OR (h.start_time < s.to_time AND s.from_time < h.end_time))
  WHERE NOT EXISTS (
    SELECT FROM session_section x JOIN section g ON g.id = x.section_id LEFT JOIN section p ON p.id = g.parent_id
    WHERE x.session_id = s.id AND NOT (
      coalesce(h.scope_section_id IN (g.id, g.parent_id), h.scope_section_id IS NULL)
      AND coalesce(h.scope_year_of_study = coalesce(g.year_of_study, p.year_of_study), h.scope_year_of_study IS NULL)
      AND coalesce(h.scope_department_id = coalesce(g.department_id, p.department_id), h.scope_department_id IS NULL)))`;

/** Cases 60, 65, 66 and 67. A clash that the timetable itself brought was told to a person. */
const PROBLEMS_SQL = `
  WITH day AS MATERIALIZED (
    SELECT * FROM attendance_session WHERE scheduled_date = :date
  ), live AS (SELECT * FROM day WHERE status NOT IN ('cancelled', 'not_held')
  ), need AS MATERIALIZED (
    SELECT id, 'faculty' AS kind, coalesce(substitute_code, faculty_code) AS resource, tstzrange(start_at, end_at) AS during
    FROM live WHERE NOT is_co_taught
    UNION ALL
    SELECT l.id, 'room', r.room_id, tstzrange(l.start_at, l.end_at) * r.valid_during
    FROM live l JOIN session_room r ON r.session_id = l.id
    UNION ALL
    SELECT DISTINCT l.id, 'group', g.id, tstzrange(l.start_at, l.end_at)
    FROM live l JOIN session_section x ON x.session_id = l.id JOIN section g ON x.section_id IN (g.id, g.parent_id)
  )
  SELECT 'the ' || a.kind || ' ' || a.resource || ' is in two classes at once' AS problem
  FROM need a JOIN need b ON a.kind = b.kind AND a.resource = b.resource AND a.during && b.during AND a.id < b.id
  WHERE NOT EXISTS (SELECT FROM exception_item e
    WHERE e.code = 'CLASH' AND e.student_id IS NULL AND e.session_id IN (a.id, b.id))
  UNION ALL
  SELECT 'the class ' || o.session_id || ' is ' || s.status || ', and still has the ' || o.kind || ' ' || o.resource_id
  FROM day s JOIN session_occupancy o ON o.session_id = s.id WHERE s.status IN ('cancelled', 'not_held')
  UNION ALL
  SELECT 'the class ' || id || ' is covered by its own faculty member' FROM day WHERE substitute_code = faculty_code
  UNION ALL
  SELECT 'the class ' || s.id || ' is made good twice' FROM day s JOIN attendance_session m ON m.replaces_session_id = s.id
  WHERE m.origin = 'makeup' AND m.status NOT IN ('cancelled', 'not_held') AND s.status NOT IN ('cancelled', 'not_held')
  UNION ALL
  SELECT 'a guest counts for a class of another course, or for the class that is visited'
  FROM day s JOIN session_guest v ON v.session_id = s.id JOIN attendance_session o ON o.id = v.counts_for_session_id
  WHERE o.id = s.id OR o.course_code <> s.course_code
  UNION ALL
  SELECT 'one ' || a.kind || ' of a guest counts in the visited class and in the own one'
  FROM day s JOIN session_guest v ON v.session_id = s.id
    JOIN attendance_record r ON r.session_id = s.id AND r.student_id = v.student_id AND r.mark IN ('present', 'late')
    JOIN attendance_record o ON o.session_id = v.counts_for_session_id AND o.student_id = v.student_id
      AND o.mark IN ('present', 'late')
    JOIN attendance_session own ON own.id = o.session_id AND own.status <> 'locked'
    JOIN record_evidence a ON a.record_id = r.id
    JOIN record_evidence b ON b.record_id = o.id AND b.evidence_id = a.evidence_id`;
