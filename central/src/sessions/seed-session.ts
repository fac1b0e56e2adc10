import { RollcallError } from '@rollcall/protocol/errors';
import { dateAt, timeAt } from '../calendar/campus-zone.js';
import type { Knex } from '../db/database.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** The part of a class that the seed gives as two instants. */
export interface SessionSpan {
  /** Campus-local, as are the times. */
  date: string;
  startTime: string;
  endTime: string;
}

/**
 * The campus-local date and times of two instants (domain A1.5).
 *
 * @throws RollcallError `REQUEST_INVALID` unless both are whole minutes and the class is shorter than a day
 */
export function spanOfInstants(start: string, end: string, zone: string): SessionSpan {
  const [startMs, endMs] = [Date.parse(start), Date.parse(end)];
  const lengthMs = endMs - startMs;
  if (lengthMs <= 0 || lengthMs >= DAY_MS) {
    throw new RollcallError('REQUEST_INVALID', 'end_datetime: must be within a day after start_datetime');
  }
  for (const [field, time] of [
    ['start_datetime', startMs],
    ['end_datetime', endMs],
  ] as const) {
    if (time % MINUTE_MS === 0) continue;
    throw new RollcallError('REQUEST_INVALID', `${field}: must be a whole minute`);
  }
  return {
    date: dateAt(startMs, zone),
    startTime: timeAt(startMs, zone),
    endTime: timeAt(endMs, zone),
  };
}

/** What a class takes from its timetable slot. */
export interface SlotFacts {
  course: string;
  faculty: string;
  sections: string[];
  rooms: string[];
  startTime: string;
  endTime: string;
  sessionType: 'LECTURE' | 'LAB' | 'TUTORIAL' | 'SEMINAR';
  periodCount: number;
  isCoTaught: boolean;
}

/** @throws RollcallError `REQUEST_INVALID` for a slot that is not in the timetable */
export async function slotFacts(knex: Knex, id: string): Promise<SlotFacts> {
  const { rows } = await knex.raw<{ rows: SlotFacts[] }>(
    `SELECT t.course_code AS course, t.faculty_code AS faculty,
       t.section_id || ARRAY(SELECT x.section_id FROM timetable_slot_section x WHERE x.slot_id = t.id ORDER BY 1) AS sections,
       t.room_id || ARRAY(SELECT x.room_id FROM timetable_slot_room x WHERE x.slot_id = t.id ORDER BY 1) AS rooms,
       to_char(t.start_time, 'HH24:MI') AS "startTime", to_char(t.end_time, 'HH24:MI') AS "endTime",
       t.slot_type AS "sessionType", t.period_count AS "periodCount", t.is_co_taught AS "isCoTaught"
     FROM attendance_timetable_slot t WHERE t.id = ? AND t.is_active`,
    [id],
  );
  const [slot] = rows;
  if (slot !== undefined) return slot;
  throw new RollcallError('REQUEST_INVALID', `timetable_slot: there is no slot ${id} in the timetable`);
}

/**
 * The seed's course section names a course, ours a group: the course is the one that the timetable gives this
 * faculty member with the group.
 *
 * @throws RollcallError `REQUEST_INVALID` where that is none or several
 */
export async function courseOf(knex: Knex, section: string, faculty: string): Promise<string> {
  const courses = await knex('attendance_timetable_slot')
    .where({ section_id: section, faculty_code: faculty, is_active: true })
    .distinct()
    .orderBy('course_code')
    .pluck<string[]>('course_code');
  const [only] = courses;
  if (only !== undefined && courses.length === 1) return only;
  const why =
    courses.length === 0
      ? `the timetable has no course of ${faculty} with ${section}`
      : `${faculty} has several courses with ${section} (${courses.join(', ')})`;
  throw new RollcallError('REQUEST_INVALID', `course: ${why}; say which one it is`);
}
