import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import type { Settings } from '../rules/setting-keys.js';
import { loadSettings, type SettingScope } from './settings.js';

/** What settings may tell a class `s` apart by: the programme of its first group, and `lab` for a lab of any course. */
export const PROGRAMME_OF_CLASS_SQL = '(SELECT g.programme_id FROM section g WHERE g.id = s.section_id)';
export const COURSE_TYPE_OF_CLASS_SQL = `CASE WHEN s.session_type = 'LAB' THEN 'lab'
  ELSE (SELECT c.course_type FROM course c WHERE c.code = s.course_code) END`;

export const SCOPE_OF_CLASS_SQL = `${PROGRAMME_OF_CLASS_SQL} AS programme_id, ${COURSE_TYPE_OF_CLASS_SQL} AS course_type`;
export interface ScopeRow {
  programme_id: string | null;
  course_type: string | null;
}
export const toScope = ({ programme_id, course_type }: ScopeRow): SettingScope => ({
  programmeId: programme_id,
  courseType: course_type,
});

/** The settings in force at an instant for each of these classes. */
export async function settingsOfClasses(
  knex: Knex,
  sessionIds: readonly string[],
  atMs: number,
): Promise<Map<string, Settings>> {
  const settingsAt = await loadSettings(knex);
  const { rows } = await prepared<{ rows: ({ id: string } & ScopeRow)[] }>(
    knex,
    `SELECT s.id, ${SCOPE_OF_CLASS_SQL} FROM attendance_session s WHERE s.id = ANY(?::uuid[])`,
    [sessionIds as never],
  );
  return new Map(rows.map((row) => [row.id, settingsAt(atMs, toScope(row))]));
}

/** As `settingsOfClasses`, of one class that exists. */
export async function settingsOfClass(knex: Knex, sessionId: string, atMs: number): Promise<Settings> {
  const settings = (await settingsOfClasses(knex, [sessionId], atMs)).get(sessionId);
  if (settings === undefined) throw new Error(`there is no class session ${sessionId}`);
  return settings;
}
