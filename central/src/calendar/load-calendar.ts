import type { Knex } from '../db/database.js';
import type { CalendarDay, Holiday } from './day-rules.js';

/** Holidays and special days of a range, by date. */
export interface Calendar {
  holidaysOn(date: string): readonly Holiday[];
  dayOf(date: string): CalendarDay | undefined;
}

interface HolidayRow {
  id: string;
  name: string;
  date: string;
  start_time: string | null;
  end_time: string | null;
  scope_year_of_study: number | null;
  scope_department_id: string | null;
  scope_section_id: string | null;
}

export async function loadCalendar(knex: Knex, from: string, to: string): Promise<Calendar> {
  const holidays = await knex('attendance_holiday')
    .whereBetween('date', [from, to])
    .where({ affects_attendance: true })
    .orderBy(['date', 'name'])
    .select<HolidayRow[]>();
  const days = await knex('calendar_day')
    .whereBetween('date', [from, to])
    .select<
      { date: string; kind: CalendarDay['kind']; follows_weekday: number | null; day_order: number | null }[]
    >();
  const byDate = new Map<string, Holiday[]>();
  for (const row of holidays) byDate.set(row.date, [...(byDate.get(row.date) ?? []), toHoliday(row)]);
  const dayByDate = new Map(
    days.map((row): [string, CalendarDay] => [
      row.date,
      { date: row.date, kind: row.kind, followsWeekday: row.follows_weekday, dayOrder: row.day_order },
    ]),
  );
  return {
    holidaysOn: (date) => byDate.get(date) ?? [],
    dayOf: (date) => dayByDate.get(date),
  };
}

export function toHoliday(row: HolidayRow): Holiday {
  return {
    id: row.id,
    name: row.name,
    date: row.date,
    startTime: row.start_time,
    endTime: row.end_time,
    scope: {
      yearOfStudy: row.scope_year_of_study,
      departmentId: row.scope_department_id,
      sectionId: row.scope_section_id,
    },
  };
}
