/**
 * SQL: a row of `roster_membership` of that student, found by the hash index and not by the exclusion constraint's GiST index,
 * which takes ten times as long (migration 0021). The version is in no index: the planner would else prefer to read GiST alone.
 */
export const ofStudent = (studentId: string, alias = 'roster_membership'): string =>
  `${alias}.student_id = ${studentId} AND ${alias}.version > 0`;
