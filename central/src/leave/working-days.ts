import { datesBetween, weekdayOf } from '../calendar/campus-zone.js';
import { type Group, isMeant } from '../calendar/day-rules.js';
import { type Calendar, loadCalendar } from '../calendar/load-calendar.js';
import type { Knex } from '../db/database.js';

export interface LeaveSpan {
  studentId: string;
  /** Campus-local, both included. */
  startDate: string;
  endDate: string;
}

/**
 * How many days of each leave are working days for its student: not the weekly ones off, not whole holidays of
 * the student's own groups (domain case 125). Exam days are worked on. The calendar is read once for all.
 */
export async function workingDays(
  knex: Knex,
  spans: readonly LeaveSpan[],
  weeklyOff: ReadonlySet<number>,
): Promise<number[]> {
  if (spans.length === 0) return [];
  const from = spans.map(({ startDate }) => startDate).toSorted()[0] ?? '';
  const until =
    spans
      .map(({ endDate }) => endDate)
      .toSorted()
      .at(-1) ?? '';
  const calendar = await loadCalendar(knex, from, until);
  const groups = await groupsOf(knex, spans);
  return spans.map(({ startDate, endDate }, index) => {
    let count = 0;
    for (const date of datesBetween(startDate, endDate)) {
      if (isWorkingDay(date, calendar, groups[index] ?? [], weeklyOff)) count += 1;
    }
    return count;
  });
}

function isWorkingDay(
  date: string,
  calendar: Calendar,
  groups: readonly Group[],
  weeklyOff: ReadonlySet<number>,
): boolean {
  const kind = calendar.dayOf(date)?.kind;
  if (kind === 'no_classes') return false;
  if (kind === undefined && weeklyOff.has(weekdayOf(date))) return false;
  return !calendar
    .holidaysOn(date)
    .some((holiday) => holiday.startTime === null && isForStudent(holiday, groups));
}

function isForStudent(holiday: Parameters<typeof isMeant>[1], groups: readonly Group[]): boolean {
  const { yearOfStudy, departmentId, sectionId } = holiday.scope;
  const isForAll = yearOfStudy === null && departmentId === null && sectionId === null;
  return isForAll || groups.some((group) => isMeant(group, holiday));
}

interface GroupRow {
  index: number;
  id: string;
  parent_id: string | null;
  year_of_study: number | null;
  department_id: string | null;
}

/** The sections of each student on the first day of the leave; a batch stands for its section, too. */
async function groupsOf(knex: Knex, spans: readonly LeaveSpan[]): Promise<Group[][]> {
  const { rows } = await knex.raw<{ rows: GroupRow[] }>(
    `SELECT DISTINCT span.index::int AS index, g.id, g.parent_id, g.year_of_study, g.department_id
     FROM unnest(?::uuid[], ?::date[]) WITH ORDINALITY AS span (student_id, start_date, index)
       JOIN roster_membership m ON m.student_id = span.student_id AND m.valid_during @> span.start_date
       JOIN section own ON own.id = m.section_id AND own.kind <> 'elective'
       JOIN section g ON g.id IN (own.id, own.parent_id)`,
    [spans.map(({ studentId }) => studentId), spans.map(({ startDate }) => startDate)] as never,
  );
  const groups: Group[][] = spans.map(() => []);
  for (const {
    index,
    id,
    parent_id: parentId,
    year_of_study: yearOfStudy,
    department_id: departmentId,
  } of rows) {
    groups[index - 1]?.push({ sectionId: id, parentId, yearOfStudy, departmentId });
  }
  return groups;
}
