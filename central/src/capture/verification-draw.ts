import type { Knex } from '../db/database.js';

/** As many as a faculty member can look at while the class settles. */
const DRAWN_MAX = 5;
/** What was doubted longer ago is nobody's question any more. */
const LOOK_BACK = "interval '7 days'";

export interface Drawn {
  roll_number: string;
  name: string;
  /** The class in which nobody and nothing vouched for the student. */
  session_id: string;
  course_code: string;
  start_at: Date;
}

/**
 * Students of a class whose last attendance was not verified: a scan without a place, or a card that was in two
 * buildings at once (domain cases 52, 99). Drawn by lot, the same lot for everybody who asks about this class;
 * whoever has since been seen by a reader or a person is not among them.
 */
export async function drawForVerification(knex: Knex, sessionId: string): Promise<Drawn[]> {
  const { rows } = await knex.raw<{ rows: Drawn[] }>(DRAW_SQL, [sessionId]);
  return rows;
}

const DRAW_SQL = `
  WITH this AS (SELECT id, start_at FROM attendance_session WHERE id = ?::uuid),
  roster AS (
    SELECT DISTINCT m.student_id FROM this JOIN session_section x ON x.session_id = this.id
      JOIN roster_membership m ON m.section_id = x.section_id AND m.valid_during @> x.scheduled_date
  ), last AS (
    SELECT DISTINCT ON (r.student_id) r.student_id, s.id, s.course_code, s.start_at, r.derivation
    FROM this CROSS JOIN roster JOIN attendance_record r ON r.student_id = roster.student_id
      JOIN attendance_session s ON s.id = r.session_id
    WHERE r.mark IN ('present', 'late') AND s.start_at < this.start_at AND s.start_at > this.start_at - ${LOOK_BACK}
    ORDER BY r.student_id, s.start_at DESC, s.id
  )
  SELECT st.roll_number, st.full_name AS name, last.id AS session_id, last.course_code, last.start_at
  FROM last JOIN student st ON st.id = last.student_id CROSS JOIN this
  WHERE jsonb_exists(last.derivation->'flags', 'UNVERIFIED')
  ORDER BY md5(this.id::text || st.id::text) LIMIT ${DRAWN_MAX}`;
