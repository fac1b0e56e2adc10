import type { Campus, Faculty, Section } from './campus.js';
import type { Course } from './curriculum.js';

export const PERIOD_MINUTES = 30;
const DAY_MINUTES = 24 * 60;
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
/** India has one zone and no summer time. */
export const CAMPUS_ZONE = 'Asia/Kolkata';
const CAMPUS_UTC_OFFSET_MS = 330 * 60_000;
const MINUTE_MS = 60_000;
const DAY_MS = DAY_MINUTES * MINUTE_MS;
/** 1970-01-01 was a Thursday. */
const EPOCH_DAY_OF_WEEK = 3;

export interface Period {
  id: string;
  section: Section;
  course: Course;
  faculty: Faculty;
  /** 0 = Monday. */
  dayOfWeek: number;
  startMinute: number;
  endMinute: number;
}

/** Periods around the clock on every day, so that whoever starts the demo at any hour finds classes going on. */
export function timetable(campus: Campus): Period[] {
  return campus.sections.flatMap((section) =>
    DAYS.flatMap((_, dayOfWeek) => periodsOfDay(section, dayOfWeek)),
  );
}

export function periodsOfDay(section: Section, dayOfWeek: number): Period[] {
  const periods: Period[] = [];
  let startMinute = section.room.offsetMinutes;
  // None ends at or after midnight: a wall time of 24:00 does not exist.
  while (startMinute + PERIOD_MINUTES < DAY_MINUTES) {
    const turn = periods.length + dayOfWeek;
    periods.push({
      id: `${section.id}-${DAYS[dayOfWeek]}-${wallTime(startMinute).replace(':', '')}`,
      section,
      course: at(section.courses, turn),
      faculty: at(section.faculty, turn % section.courses.length),
      dayOfWeek,
      startMinute,
      endMinute: startMinute + PERIOD_MINUTES,
    });
    startMinute += PERIOD_MINUTES;
  }
  return periods;
}

/** Minutes after local midnight as HH:MM. */
export function wallTime(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

/** A period on one particular day. */
export interface Occurrence {
  period: Period;
  startMs: number;
}

/** The class sessions of a section that begin in the given span of time, `fromMs` included. */
export function occurrences(section: Section, fromMs: number, untilMs: number): Occurrence[] {
  const found: Occurrence[] = [];
  const firstDay = Math.floor((fromMs + CAMPUS_UTC_OFFSET_MS) / DAY_MS);
  const lastDay = Math.floor((untilMs + CAMPUS_UTC_OFFSET_MS) / DAY_MS);
  for (let day = firstDay; day <= lastDay; day++) {
    const midnightMs = day * DAY_MS - CAMPUS_UTC_OFFSET_MS;
    for (const period of periodsOfDay(section, (day + EPOCH_DAY_OF_WEEK) % DAYS.length)) {
      const startMs = midnightMs + period.startMinute * MINUTE_MS;
      if (startMs >= fromMs && startMs < untilMs) found.push({ period, startMs });
    }
  }
  return found;
}

function at<T>(items: readonly T[], turn: number): T {
  const item = items[turn % items.length];
  if (item === undefined) throw new RangeError('a section without courses or faculty has no timetable');
  return item;
}
