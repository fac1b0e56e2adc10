import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';

export interface RosterEntry {
  studentId: string;
  rollNumber: string;
}

/** Everybody who is on a roster of the class session on its date, by roll number. */
export async function rosterOf(knex: Knex, sessionId: string): Promise<RosterEntry[]> {
  const { rows } = await prepared<{ rows: { id: string; roll_number: string }[] }>(
    knex,
    `SELECT DISTINCT st.id, st.roll_number FROM session_section x
       JOIN roster_membership m ON m.section_id = x.section_id AND m.valid_during @> x.scheduled_date
       JOIN student st ON st.id = m.student_id
     WHERE x.session_id = ?::uuid ORDER BY st.roll_number`,
    [sessionId],
  );
  return rows.map((row) => ({ studentId: row.id, rollNumber: row.roll_number }));
}
