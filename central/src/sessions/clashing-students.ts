import type { Scope } from '../auth/scope.js';
import type { Knex } from '../db/database.js';

export interface ClashingStudent {
  roll_number: string;
  name: string;
  session_id: string;
  course: string;
}

export interface ClashingStudents {
  clashes: ClashingStudent[];
  /** How many more students there are, outside the scope of whoever asks. */
  others: number;
}

/** More than one makeup can be planned around. */
const CLASHES_MAX = 500;

/**
 * Students of these groups who have another class at that time: listed before a makeup is confirmed (case 69). Who may
 * not see a student learns that there is one, and nothing else (case 157).
 */
export async function findClashingStudents(
  knex: Knex,
  sections: readonly string[],
  { start, end, date, seen }: { start: Date; end: Date; date: string; seen: Scope },
): Promise<ClashingStudents> {
  const { rows } = await knex.raw<{ rows: (ClashingStudent & { is_seen: boolean; others: number })[] }>(
    `WITH found AS (
       SELECT DISTINCT st.id, st.roll_number, st.full_name AS name, s.id AS session_id, s.course_code AS course
       FROM roster_membership m
         JOIN roster_membership o ON o.student_id = m.student_id AND o.section_id <> ALL(?::text[])
           AND o.valid_during @> ?::date
         JOIN session_section x ON x.section_id = o.section_id AND x.scheduled_date = ?::date
         JOIN attendance_session s ON s.id = x.session_id AND s.status NOT IN ('cancelled', 'not_held')
           AND tstzrange(s.start_at, s.end_at) && tstzrange(?::timestamptz, ?::timestamptz)
         JOIN student st ON st.id = m.student_id
       WHERE m.section_id = ANY(?::text[]) AND m.valid_during @> ?::date),
     st AS (SELECT found.*, (SELECT ${seen.sql} FROM (SELECT found.id) st) AS is_seen FROM found)
     SELECT roll_number, name, session_id, course, is_seen,
       (SELECT count(DISTINCT id) FROM st WHERE NOT is_seen)::int AS others
     FROM st ORDER BY is_seen DESC, roll_number LIMIT ?`,
    [sections as never, date, date, start, end, sections as never, date, ...seen.bindings, CLASHES_MAX],
  );
  const clashes = rows.filter((row) => row.is_seen).map(({ is_seen: _, others: __, ...clash }) => clash);
  return { clashes, others: rows[0]?.others ?? 0 };
}
