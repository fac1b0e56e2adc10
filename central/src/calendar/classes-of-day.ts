import type { Knex } from '../db/database.js';
import { weekdayOf } from './campus-zone.js';
import type { CalendarDay, Group } from './day-rules.js';

/** A class session, as far as the calendar asks about it. */
export interface ClassOfDay {
  id: string;
  status: string;
  statusReason: string;
  endAtMs: number;
  /** Campus-local, `10:00`. */
  startTime: string;
  endTime: string;
  isHandChanged: boolean;
  /** The day of the slot that made it; null for classes that no timetable made. */
  slotDay: { dayOfWeek: number; dayOrder: number | null } | null;
  groups: Group[];
}

interface ClassRow {
  id: string;
  status: string;
  status_reason: string;
  end_at: Date;
  start_time: string;
  end_time: string;
  is_hand_changed: boolean;
  day_of_week: number | null;
  day_order: number | null;
  groups: { id: string; parent: string | null; year: number | null; department: string | null }[];
}

/** The class sessions of a date that meet a condition on `s`, held until the end of the transaction. */
export async function holdClassesOfDay(
  trx: Knex,
  date: string,
  { where, bindings }: { where: string; bindings: readonly string[] },
): Promise<ClassOfDay[]> {
  const { rows } = await trx.raw<{ rows: ClassRow[] }>(
    `SELECT s.id, s.status, s.status_reason, s.end_at, s.is_hand_changed,
       to_char(s.start_at AT TIME ZONE z.zone, 'HH24:MI') AS start_time,
       to_char(s.end_at AT TIME ZONE z.zone, 'HH24:MI') AS end_time,
       t.day_of_week, CASE WHEN v.uses_day_order THEN t.day_order END AS day_order,
       (SELECT jsonb_agg(jsonb_build_object('id', g.id, 'parent', g.parent_id, 'year', coalesce(g.year_of_study, o.year_of_study),
          'department', coalesce(g.department_id, o.department_id)) ORDER BY g.id)
        FROM session_section x JOIN section g ON g.id = x.section_id LEFT JOIN section o ON o.id = g.parent_id
        WHERE x.session_id = s.id) AS groups
     FROM attendance_session s CROSS JOIN LATERAL (SELECT zone FROM campus ORDER BY id LIMIT 1) z
       LEFT JOIN attendance_timetable_slot t ON t.id = s.timetable_slot_id
       LEFT JOIN timetable_version v ON v.id = t.timetable_version_id
     WHERE s.scheduled_date = ?::date AND (${where})
     ORDER BY s.start_at, s.id FOR NO KEY UPDATE OF s`,
    [date, ...bindings],
  );
  return rows.map((row) => ({
    id: row.id,
    status: row.status,
    statusReason: row.status_reason,
    endAtMs: row.end_at.getTime(),
    startTime: row.start_time,
    endTime: row.end_time,
    isHandChanged: row.is_hand_changed,
    slotDay: row.day_of_week === null ? null : { dayOfWeek: row.day_of_week, dayOrder: row.day_order },
    groups: row.groups.map(({ id, parent, year, department }) => ({
      sectionId: id,
      parentId: parent,
      yearOfStudy: year,
      departmentId: department,
    })),
  }));
}

/** Whether the timetable has the class on this date: always where no timetable made it (domain case 9). */
export function isOnDay({ slotDay }: ClassOfDay, date: string, day: CalendarDay | undefined): boolean {
  if (slotDay === null) return true;
  if (slotDay.dayOrder !== null) return slotDay.dayOrder === (day?.dayOrder ?? null);
  return slotDay.dayOfWeek === (day?.followsWeekday ?? weekdayOf(date));
}
