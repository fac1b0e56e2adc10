import { settingsAt } from '../calendar/settings.js';
import type { Knex } from '../db/database.js';
import type { Settings } from '../rules/setting-keys.js';

/** The settings in force for one student: those of the programme of the section that the student is in now. */
export async function settingsOfStudent(
  knex: Knex,
  { studentId, date, nowMs }: { studentId: string; date: string; nowMs: number },
): Promise<Settings> {
  const { rows } = await knex.raw<{ rows: { programme_id: string | null }[] }>(
    `SELECT coalesce(g.programme_id, parent.programme_id) AS programme_id
     FROM roster_membership m JOIN section g ON g.id = m.section_id LEFT JOIN section parent ON parent.id = g.parent_id
     WHERE m.student_id = ?::uuid AND m.valid_during @> ?::date AND g.kind <> 'elective'
       AND coalesce(g.programme_id, parent.programme_id) IS NOT NULL
     ORDER BY g.kind DESC, g.id LIMIT 1`,
    [studentId, date],
  );
  return settingsAt(knex, { atMs: nowMs, scope: { programmeId: rows[0]?.programme_id } });
}
