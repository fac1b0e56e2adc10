import { localParts, zoneAtNoon } from '../support/seed-file.js';

const DAY_MS = 24 * 3_600_000;
const WEEKS = 17;
/** Monday to Saturday. */
const WORKING_DAYS = [0, 1, 2, 3, 4, 5];
const HOURS = [8, 9, 10, 11, 13, 14, 15, 16];
export const DEPARTMENT_STUDENTS = 600;
export const LARGE_CLASS_STUDENTS = 70;
const SECTIONS = 9;
export const DEPARTMENT = 'cse';
export const COURSES = HOURS.length;

/** The first section has seventy students, the others share the rest of the department. */
export function sectionOf(student: number): number {
  if (student < LARGE_CLASS_STUDENTS) return 0;
  return 1 + ((student - LARGE_CLASS_STUDENTS) % (SECTIONS - 1));
}

export interface Semester {
  bytes: Uint8Array;
  /** Campus-local dates of its first and last day. */
  from: string;
  to: string;
}

/** One department with a full timetable, every section in a room of its own, for a semester that ends today. */
export function semesterFile(nowMs: number): Semester {
  const zone = zoneAtNoon(nowMs);
  const dateOf = (daysAgo: number): string => localParts(nowMs - daysAgo * DAY_MS, zone).date;
  const sections = Array.from({ length: SECTIONS }, (_, index) => index);
  const from = dateOf(WEEKS * 7 - 1);
  const to = dateOf(0);
  const file = {
    v: 1,
    campus: { id: 'main', name: 'Semester', zone },
    buildings: [
      { id: 'b', name: 'Block', rooms: sections.map((index) => ({ id: `r-${index}`, name: `R${index}` })) },
    ],
    gateways: [],
    devices: [],
    academic_period: { id: 'sem', name: 'Semester', starts_on: from, ends_on: to },
    departments: [{ id: DEPARTMENT, name: 'Computer Science' }],
    courses: HOURS.map((hour) => ({ code: `C${hour}`, title: `Course ${hour}`, department: DEPARTMENT })),
    faculty: sections.map((index) => ({ code: `F${index}`, name: `F ${index}`, department: DEPARTMENT })),
    sections: sections.map((index) => ({ id: `s-${index}`, name: `S${index}`, department: DEPARTMENT })),
    students: Array.from({ length: DEPARTMENT_STUDENTS }, (_, student) => ({
      roll_number: `24CS${String(student).padStart(4, '0')}`,
      name: `Student ${student}`,
      section: `s-${sectionOf(student)}`,
      member_from: from,
    })),
    timetable: sections.flatMap((index) =>
      WORKING_DAYS.flatMap((day) =>
        HOURS.map((hour) => ({
          id: `t-${index}-${day}-${hour}`,
          section: `s-${index}`,
          course: `C${hour}`,
          faculty: `F${index}`,
          room: `r-${index}`,
          day_of_week: day,
          start: `${String(hour).padStart(2, '0')}:00`,
          end: `${String(hour).padStart(2, '0')}:50`,
        })),
      ),
    ),
  };
  return { bytes: new TextEncoder().encode(JSON.stringify(file)), from, to };
}
