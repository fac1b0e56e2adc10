import type { Knex } from '../db/database.js';

export interface ClashingStudent {
  roll_number: string;
  name: string;
  session_id: string;
  course: string;
}

/** Students of these groups who have another class at that time: listed before a makeup is confirmed (case 69). */
export async function findClashingStudents(
  knex: Knex,
  sections: readonly string[],
  times: { start: Date; end: Date; date: string },
): Promise<ClashingStudent[]> {
  const { rows } = await knex.raw<{ rows: ClashingStudent[] }>(
    `SELECT DISTINCT st.roll_number, st.full_name AS name, s.id AS session_id, s.course_code AS course
     FROM roster_membership m
       JOIN roster_membership o ON o.student_id = m.student_id AND o.section_id <> ALL(?::text[])
         AND o.valid_during @> ?::date
       JOIN session_section x ON x.section_id = o.section_id AND x.scheduled_date = ?::date
       JOIN attendance_session s ON s.id = x.session_id AND s.status NOT IN ('cancelled', 'not_held')
         AND tstzrange(s.start_at, s.end_at) && tstzrange(?::timestamptz, ?::timestamptz)
       JOIN student st ON st.id = m.student_id
     WHERE m.section_id = ANY(?::text[]) AND m.valid_during @> ?::date
     ORDER BY st.roll_number LIMIT 500`,
    [sections as never, times.date, times.date, times.start, times.end, sections as never, times.date],
  );
  return rows;
}
