/**
 * The programme whose settings hold for a student on a day: that of the section or batch where the student is then, or else
 * where the student was last; never of an elective's group, which takes in several programmes. At most one row `programme_id`.
 *
 * @param student SQL of the student's id
 * @param day SQL of a campus-local date; it is written once
 */
export const programmeOfStudentSql = (student: string, day: string): string => `
  SELECT coalesce(pg.programme_id, above.programme_id) AS programme_id
  FROM roster_membership pm JOIN section pg ON pg.id = pm.section_id LEFT JOIN section above ON above.id = pg.parent_id
  WHERE pm.student_id = ${student} AND pm.valid_during && daterange(NULL, ${day}, '[]') AND pg.kind <> 'elective'
    AND coalesce(pg.programme_id, above.programme_id) IS NOT NULL
  ORDER BY upper(pm.valid_during) DESC NULLS FIRST, pg.kind DESC, pg.id LIMIT 1`;
