import type { Knex } from '../db/database.js';

/** For tests: who is where at which hour of a life's day. @throws Error naming what does not hold */
export async function checkTimetable(knex: Knex, date: string): Promise<void> {
  const { rows } = await knex.raw<{ rows: { problem: string }[] }>(PROBLEMS_SQL, { date });
  if (rows[0] !== undefined) throw new Error(rows[0].problem);
}

/** Cases 60, 65, 66 and 67. A clash that the timetable itself brought was told to a person. */
const PROBLEMS_SQL = `
  WITH day AS MATERIALIZED (
    SELECT * FROM attendance_session WHERE scheduled_date = :date
  ), live AS (SELECT * FROM day WHERE status NOT IN ('cancelled', 'not_held')
  ), need AS MATERIALIZED (
    SELECT id, 'faculty' AS kind, coalesce(substitute_code, faculty_code) AS resource, tstzrange(start_at, end_at) AS during
    FROM live WHERE NOT is_co_taught
    UNION ALL
    SELECT l.id, 'room', r.room_id, tstzrange(l.start_at, l.end_at) * r.valid_during
    FROM live l JOIN session_room r ON r.session_id = l.id
    UNION ALL
    SELECT DISTINCT l.id, 'group', g.id, tstzrange(l.start_at, l.end_at)
    FROM live l JOIN session_section x ON x.session_id = l.id JOIN section g ON x.section_id IN (g.id, g.parent_id)
  )
  SELECT 'the class ' || n.id || ' does not keep the ' || n.kind || ' ' || n.resource || ' that it needs' AS problem
  FROM need n WHERE NOT isempty(n.during) AND NOT EXISTS (SELECT FROM session_occupancy o
    WHERE (o.session_id, o.kind, o.resource_id, o.during) = (n.id, n.kind, n.resource, n.during))
    AND NOT EXISTS (SELECT FROM exception_item e WHERE e.code = 'CLASH' AND e.student_id IS NULL AND e.session_id = n.id)
  UNION ALL
  SELECT 'the ' || a.kind || ' ' || a.resource || ' is in two classes at once'
  FROM need a JOIN need b ON a.kind = b.kind AND a.resource = b.resource AND a.during && b.during AND a.id < b.id
  WHERE NOT EXISTS (SELECT FROM exception_item e
    WHERE e.code = 'CLASH' AND e.student_id IS NULL AND e.session_id IN (a.id, b.id))
  UNION ALL
  SELECT 'the class ' || o.session_id || ' is ' || s.status || ', and still has the ' || o.kind || ' ' || o.resource_id
  FROM day s JOIN session_occupancy o ON o.session_id = s.id WHERE s.status IN ('cancelled', 'not_held')
  UNION ALL
  SELECT 'the class ' || s.id || ' is not of the groups that its slot names' FROM day s
  WHERE s.timetable_slot_id IS NOT NULL AND ARRAY(SELECT section_id FROM session_section WHERE session_id = s.id ORDER BY 1)
    <> ARRAY(SELECT section_id FROM attendance_timetable_slot WHERE id = s.timetable_slot_id
      UNION SELECT section_id FROM timetable_slot_section WHERE slot_id = s.timetable_slot_id ORDER BY 1)
  UNION ALL
  SELECT 'the class ' || id || ' is covered by its own faculty member' FROM day WHERE substitute_code = faculty_code
  UNION ALL
  SELECT 'the class ' || s.id || ' is made good twice' FROM day s JOIN attendance_session m ON m.replaces_session_id = s.id
  WHERE m.origin = 'makeup' AND m.status NOT IN ('cancelled', 'not_held') AND s.status NOT IN ('cancelled', 'not_held')
  UNION ALL
  SELECT 'a guest counts for a class of another course, or for the class that is visited'
  FROM day s JOIN session_guest v ON v.session_id = s.id JOIN attendance_session o ON o.id = v.counts_for_session_id
  WHERE o.id = s.id OR o.course_code <> s.course_code
  UNION ALL
  SELECT 'one ' || a.kind || ' of a guest counts in the visited class and in the own one'
  FROM day s JOIN session_guest v ON v.session_id = s.id
    JOIN attendance_record r ON r.session_id = s.id AND r.student_id = v.student_id AND r.mark IN ('present', 'late')
    JOIN attendance_record o ON o.session_id = v.counts_for_session_id AND o.student_id = v.student_id
      AND o.mark IN ('present', 'late')
    JOIN record_evidence a ON a.record_id = r.id
    JOIN record_evidence b ON b.record_id = o.id AND b.evidence_id = a.evidence_id`;
