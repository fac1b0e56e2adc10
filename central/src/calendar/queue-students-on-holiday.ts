import type { Knex } from '../db/database.js';
import { wakeJudge } from '../marks/notify.js';
import type { Holiday } from './day-rules.js';

/**
 * Puts the students whom a holiday of some groups is meant for before the judge, in all of their classes of its day: they are
 * on holiday also in a class of a larger group, which is held for the others (domain case 8). One that is meant for
 * everybody takes the classes themselves.
 */
export async function queueStudentsOnHoliday(
  trx: Knex,
  { date, scope: { yearOfStudy, departmentId, sectionId } }: Holiday,
): Promise<void> {
  if (yearOfStudy === null && departmentId === null && sectionId === null) return;
  await trx.raw(QUEUE_SQL, { day: date, yearOfStudy, departmentId, sectionId });
  await wakeJudge(trx);
}

/** A batch is of the year, the department and the section that it belongs to; electives are of none. */
const QUEUE_SQL = `
  INSERT INTO judgement_todo (session_id, student_id)
  SELECT DISTINCT x.session_id, m.student_id
  FROM roster_membership h
    JOIN section g ON g.id = h.section_id AND g.kind <> 'elective'
    LEFT JOIN section parent ON parent.id = g.parent_id
    JOIN roster_membership m ON m.student_id = h.student_id
    JOIN session_section x ON x.section_id = m.section_id AND m.valid_during @> x.scheduled_date
  WHERE h.valid_during @> :day::date AND x.scheduled_date = :day::date
    AND (:yearOfStudy::int IS NULL OR coalesce(g.year_of_study, parent.year_of_study) = :yearOfStudy::int)
    AND (:departmentId::text IS NULL OR coalesce(g.department_id, parent.department_id) = :departmentId::text)
    AND (:sectionId::text IS NULL OR :sectionId::text IN (g.id, g.parent_id))`;
