import type { Principal } from '../auth/principal.js';
import { visibleRecords, visibleStatistics } from '../auth/scope.js';
import type { SettingsAt } from '../calendar/settings.js';
import type { Knex } from '../db/database.js';
import { LETTER_COLUMNS, type LetterRow } from '../marks/letter-columns.js';
import type { Mark } from '../rules/facts.js';
import { letterOf } from '../rules/vocabulary.js';
import { courseRows } from '../statistics/course-rows.js';
import { shownPercent, standingOf } from '../statistics/share.js';
import { type ThresholdsOf, thresholdsOf } from '../statistics/thresholds.js';
import type { ExportRequest } from './export-request.js';
import { readRows } from './read-rows.js';
import type { Cell, Column, Sheet } from './sheet.js';

export interface ExportSource {
  /** One snapshot for every sheet. */
  trx: Knex;
  principal: Principal;
  request: ExportRequest;
  settingsAt: SettingsAt;
  zone: string;
  nowMs: number;
}

interface Filter {
  sql: string;
  bindings: unknown[];
}

/** Whom the request names; nothing named is nobody left out. Students by roll number or id. */
export function named(
  { course_sections, students }: ExportRequest,
  section: string,
  student: string,
): Filter {
  const parts: string[] = [];
  const bindings: unknown[] = [];
  if (course_sections.length > 0) {
    parts.push(`${section} = ANY(?::text[])`);
    bindings.push(course_sections);
  }
  if (students.length > 0) {
    parts.push(`(${student}.roll_number = ANY(?::text[]) OR ${student}.id::text = ANY(?::text[]))`);
    bindings.push(students, students);
  }
  return { sql: parts.length === 0 ? 'true' : parts.join(' AND '), bindings };
}

const DETAIL_COLUMNS: readonly Column[] = [
  { title: 'Date', width: 11 },
  { title: 'Start', width: 6 },
  { title: 'End', width: 6 },
  { title: 'Course', width: 10 },
  { title: 'Course title', width: 28 },
  { title: 'Section', width: 12 },
  { title: 'Faculty', width: 19 },
  { title: 'Roll number', width: 13 },
  { title: 'Name', width: 28 },
  { title: 'Mark', width: 10 },
  { title: 'Letter', width: 7 },
  { title: 'At', width: 9 },
  { title: 'Source', width: 10 },
  { title: 'Reason', width: 20 },
  { title: 'Periods', width: 8 },
  { title: 'Attended periods', width: 9 },
];

/** Of the student in the course within the same dates; repeated in each row. */
const SHARE_COLUMNS: readonly Column[] = [
  { title: 'Course periods held', width: 8 },
  { title: 'Course periods attended', width: 9 },
  { title: 'Course percentage', width: 10 },
];

interface DetailQuery {
  /** Puts the course's share into every row, for formats of one table. */
  withShare: boolean;
}

/** Every mark within the dates that the person may see, in the order of a register. */
export function detailSheet(
  { trx, principal, request, zone }: ExportSource,
  { withShare }: DetailQuery,
): Sheet {
  const limits = { from: request.start_date, until: request.end_date };
  const share = withShare ? courseRows(limits, { sql: 'true', bindings: [] }) : undefined;
  const scope = visibleRecords(principal, 'export.create', { session: 's', studentId: 'r.student_id' });
  const filter = named(request, 'own.section_id', 'st');
  const query = {
    sql: `SELECT s.scheduled_date, to_char(s.start_at AT TIME ZONE ?, 'HH24:MI') AS starts,
        to_char(s.end_at AT TIME ZONE ?, 'HH24:MI') AS ends, c.code, c.title, own.section_name, f.full_name AS faculty,
        st.roll_number, st.full_name, r.mark, '' AS letter, to_char(r.marked_at AT TIME ZONE ?, 'HH24:MI:SS') AS marked, r.source,
        r.reason, s.period_count,
        CASE WHEN r.mark IN ('present', 'late') THEN coalesce(r.attended_periods, s.period_count) ELSE 0 END AS attended,
        ${LETTER_COLUMNS}
        ${share === undefined ? '' : ', k.held_periods, least(k.attended_periods + k.bonus_periods, k.held_periods) AS course_attended'}
      FROM attendance_session s JOIN attendance_record r ON r.session_id = s.id
        JOIN student st ON st.id = r.student_id JOIN course c ON c.code = s.course_code
        JOIN faculty f ON f.code = coalesce(s.substitute_code, s.faculty_code)
        CROSS JOIN LATERAL (${OWN_SECTION_SQL}) own
        ${
          share === undefined
            ? ''
            : `LEFT JOIN ${share.sql} k ON k.student_id = r.student_id AND k.course_code = s.course_code
          AND k.academic_period_id = s.academic_period_id AND k.section_id = own.section_id`
        }
      WHERE s.scheduled_date BETWEEN ?::date AND ?::date AND r.mark <> 'not_required' AND (${scope.sql}) AND (${filter.sql})
      ORDER BY c.code, s.start_at, s.id, st.roll_number`,
    bindings: [
      zone,
      zone,
      zone,
      ...(share?.bindings ?? []),
      request.start_date,
      request.end_date,
      ...scope.bindings,
      ...filter.bindings,
    ],
  };
  const rows = readRows<DetailRow>(trx, 'export_details', query);
  return withShare
    ? { title: 'Attendance', columns: [...DETAIL_COLUMNS, ...SHARE_COLUMNS], rows: valuesWithShare(rows) }
    : { title: 'Attendance', columns: DETAIL_COLUMNS, rows: values(rows) };
}

/** The student's own group of a combined class, or the class's first one (domain case 63). */
const OWN_SECTION_SQL = `SELECT g.id AS section_id, g.name AS section_name FROM section g WHERE g.id = coalesce(
  (SELECT x.section_id FROM session_section x JOIN roster_membership m ON m.section_id = x.section_id
     AND m.student_id = r.student_id AND m.valid_during @> x.scheduled_date
   WHERE x.session_id = s.id ORDER BY x.section_id <> s.section_id, x.section_id LIMIT 1), s.section_id)`;

type DetailRow = Record<string, Cell> & LetterRow & { mark: Mark; letter: Cell };

/** In the order of the columns, with the letter of the register in its place (domain case 42). */
function toCells({ vocabulary, written_letter: written, ...cells }: DetailRow): Cell[] {
  return Object.values({ ...cells, letter: letterOf(vocabulary, cells.mark, written) });
}

async function* values(rows: AsyncIterable<DetailRow>): AsyncGenerator<Cell[]> {
  for await (const row of rows) yield toCells(row);
}

async function* valuesWithShare(rows: AsyncIterable<DetailRow>): AsyncGenerator<Cell[]> {
  for await (const row of rows) {
    const periods = { held: Number(row['held_periods'] ?? 0), attended: Number(row['course_attended'] ?? 0) };
    yield [...toCells(row), shownPercent(periods)];
  }
}

const STATISTICS_COLUMNS: readonly Column[] = [
  { title: 'Roll number', width: 13 },
  { title: 'Name', width: 28 },
  { title: 'Section', width: 12 },
  { title: 'Course', width: 10 },
  { title: 'Course title', width: 28 },
  { title: 'Present', width: 8 },
  { title: 'Late', width: 6 },
  { title: 'Absent', width: 8 },
  { title: 'Excused', width: 8 },
  { title: 'Pending', width: 8 },
  { title: 'Held periods', width: 8 },
  { title: 'Attended periods', width: 9 },
  { title: 'Percentage', width: 10 },
  { title: 'Standing', width: 11 },
];

interface StatisticsRow {
  roll_number: string;
  full_name: string;
  section_name: string;
  code: string;
  title: string;
  present_count: number;
  late_count: number;
  absent_count: number;
  excused_count: number;
  pending_count: number;
  held: number;
  attended: number;
  programme_id: string | null;
  course_type: string;
  ends_on: string;
}

/** What the same dates give each student in each course: the numbers of the page (domain cases 141, 155). */
export function statisticsSheet(source: ExportSource): Sheet {
  const { trx, principal, request } = source;
  const scope = visibleStatistics(principal, 'export.create', 's');
  const filter = named(request, 's.section_id', 'st');
  const rows = courseRows(
    { from: request.start_date, until: request.end_date },
    { sql: 'true', bindings: [] },
  );
  const query = {
    sql: `SELECT st.roll_number, st.full_name, g.name AS section_name, c.code, c.title, s.present_count, s.late_count,
        s.absent_count, s.excused_count, s.pending_count, s.held_periods AS held,
        least(s.attended_periods + s.bonus_periods, s.held_periods) AS attended, g.programme_id, c.course_type, p.ends_on
      FROM ${rows.sql} s JOIN student st ON st.id = s.student_id JOIN course c ON c.code = s.course_code
        JOIN section g ON g.id = s.section_id JOIN academic_period p ON p.id = s.academic_period_id
      WHERE (${scope.sql}) AND (${filter.sql})
      ORDER BY st.roll_number, c.code, g.id`,
    bindings: [...rows.bindings, ...scope.bindings, ...filter.bindings],
  };
  const found = readRows<StatisticsRow>(trx, 'export_statistics', query);
  return { title: 'Statistics', columns: STATISTICS_COLUMNS, rows: shares(found, source) };
}

async function* shares(
  rows: AsyncIterable<StatisticsRow>,
  { settingsAt, zone, nowMs }: ExportSource,
): AsyncGenerator<Cell[]> {
  const known = new Map<string, ThresholdsOf>();
  for await (const row of rows) {
    const thresholds =
      known.get(row.ends_on) ?? thresholdsOf(settingsAt, { endsOn: row.ends_on, zone }, nowMs);
    known.set(row.ends_on, thresholds);
    const periods = { held: row.held, attended: row.attended };
    yield [
      row.roll_number,
      row.full_name,
      row.section_name,
      row.code,
      row.title,
      row.present_count,
      row.late_count,
      row.absent_count,
      row.excused_count,
      row.pending_count,
      row.held,
      row.attended,
      shownPercent(periods),
      standingOf(periods, thresholds({ programmeId: row.programme_id, courseType: row.course_type })),
    ];
  }
}
