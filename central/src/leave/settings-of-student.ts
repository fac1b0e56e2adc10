import { programmeOfStudentSql } from '../calendar/programme-of-student.js';
import { settingsAt } from '../calendar/settings.js';
import type { Knex } from '../db/database.js';
import type { Settings } from '../rules/setting-keys.js';

/** The settings in force for one student: those of the student's programme on that date. */
export async function settingsOfStudent(
  knex: Knex,
  { studentId, date, nowMs }: { studentId: string; date: string; nowMs: number },
): Promise<Settings> {
  const { rows } = await knex.raw<{ rows: { programme_id: string | null }[] }>(
    programmeOfStudentSql('?::uuid', '?::date'),
    [studentId, date],
  );
  return settingsAt(knex, { atMs: nowMs, scope: { programmeId: rows[0]?.programme_id } });
}
