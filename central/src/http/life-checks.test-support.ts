import type { Knex } from '../db/database.js';

/** For tests: what the marks and the audit rows of a day have to say of each other. @throws Error naming what is wrong */
export async function checkMarksAndAudit(knex: Knex, date: string): Promise<void> {
  const ids = await knex('attendance_session').where({ scheduled_date: date }).pluck<string[]>('id');
  for (const sql of [MARKS_SQL, REASONS_SQL, AUDIT_SQL]) {
    const { rows } = await knex.raw<{ rows: { problem: string }[] }>(sql, { ids: ids as never });
    if (rows[0] !== undefined) throw new Error(rows[0].problem);
  }
}

const MARKS_SQL = `
  SELECT 'the tally of ' || t.session_id || ' differs from its records' AS problem
   FROM session_tally t LEFT JOIN LATERAL (
     SELECT count(*) FILTER (WHERE mark = 'present') AS present, count(*) FILTER (WHERE mark = 'late') AS late,
       count(*) FILTER (WHERE mark = 'absent') AS absent, count(*) FILTER (WHERE mark = 'excused') AS excused,
       count(*) FILTER (WHERE mark = 'pending') AS pending
     FROM attendance_record r WHERE r.session_id = t.session_id) c ON true
   WHERE t.session_id = ANY(:ids) AND (t.present, t.late, t.absent, t.excused, t.pending)
     IS DISTINCT FROM (c.present, c.late, c.absent, c.excused, c.pending)
   UNION ALL
   SELECT 'two records of one student in one class' FROM attendance_record
   WHERE session_id = ANY(:ids) GROUP BY session_id, student_id HAVING count(*) > 1
   UNION ALL
   SELECT 'somebody who is not on the roster has the mark ' || r.mark FROM attendance_record r
     JOIN attendance_session s ON s.id = r.session_id
   WHERE s.id = ANY(:ids) AND s.status <> 'locked' AND r.mark <> 'not_required' AND NOT EXISTS (
     SELECT FROM roster_membership m JOIN session_section x ON x.section_id = m.section_id
       AND m.valid_during @> x.scheduled_date WHERE x.session_id = r.session_id AND m.student_id = r.student_id)
   UNION ALL
   SELECT 'somebody on the roster of a class that is ' || s.status || ' has no mark in it' FROM attendance_session s
     JOIN session_section x ON x.session_id = s.id
     JOIN roster_membership m ON m.section_id = x.section_id AND m.valid_during @> s.scheduled_date
   WHERE s.id = ANY(:ids) AND s.status IN ('open', 'closed', 'finalized') AND NOT EXISTS (
     SELECT FROM attendance_record r WHERE r.session_id = s.id AND r.student_id = m.student_id)
   UNION ALL
   SELECT 'absent before the class was final' FROM attendance_record r JOIN attendance_session s ON s.id = r.session_id
   WHERE s.id = ANY(:ids) AND s.status IN ('scheduled', 'open', 'closed') AND r.mark = 'absent'
     AND jsonb_array_length(r.derivation->'decisions') = 0
   UNION ALL
   SELECT 'a class that was not held has marks' FROM attendance_record r JOIN attendance_session s ON s.id = r.session_id
   WHERE s.id = ANY(:ids) AND s.status IN ('cancelled', 'not_held') AND r.mark IN ('present', 'late', 'absent')`;

/** What a mark says that it rests on is still there. */
const REASONS_SQL = `
  WITH mark AS MATERIALIZED (
    SELECT r.* FROM attendance_record r JOIN attendance_session s ON s.id = r.session_id
    WHERE s.id = ANY(:ids) AND s.status <> 'locked'
  )
  SELECT 'excused by a leave that is ' || l.status AS problem FROM mark r
    JOIN attendance_leave_application l ON l.id = (r.derivation->>'leave_id')::uuid
  WHERE l.status <> 'approved'
  UNION ALL
  SELECT 'a mark rests on a word that was taken back' FROM mark r
    JOIN record_evidence e ON e.record_id = r.id AND e.kind = 'decision' JOIN decision d ON d.id = e.evidence_id
  WHERE d.withdrawn_at IS NOT NULL
  UNION ALL
  SELECT 'a mark rests on a punch that nobody has accepted' FROM mark r
    JOIN record_evidence e ON e.record_id = r.id JOIN punch p ON p.punch_id = e.evidence_id
  WHERE p.review_batch_id IS NOT NULL AND NOT EXISTS (SELECT FROM review_batch_session v
    WHERE v.batch_id = p.review_batch_id AND v.decision = 'accepted')
  UNION ALL
  SELECT 'somebody withdrawn for illness has the mark ' || r.mark FROM mark r
    JOIN attendance_session s ON s.id = r.session_id JOIN student_status_period t ON t.student_id = r.student_id
      AND t.valid_during @> s.scheduled_date AND t.withdrawn_at IS NULL AND t.status = 'withdrawn_medical'
  WHERE r.mark = 'absent' AND jsonb_array_length(r.derivation->'decisions') = 0
  UNION ALL
  SELECT 'somebody of ' || m.section_id || ', which has the holiday ' || h.name || ', is absent from a class of others' FROM mark r
    JOIN attendance_session s ON s.id = r.session_id
    JOIN attendance_holiday h ON h.date = s.scheduled_date AND h.affects_attendance AND h.start_time IS NULL AND h.declared_at < s.end_at
    JOIN roster_membership m ON m.student_id = r.student_id AND m.valid_during @> s.scheduled_date
    JOIN section g ON g.id = m.section_id AND h.scope_section_id IN (g.id, g.parent_id)
  WHERE r.mark = 'absent' AND jsonb_array_length(r.derivation->'decisions') = 0
  UNION ALL
  SELECT 'somebody who has ' || t.status || ' is still in ' || m.section_id FROM student_status_period t
    JOIN roster_membership m ON m.student_id = t.student_id AND m.valid_during && t.valid_during
  WHERE t.status IN ('dropped', 'graduated') AND t.withdrawn_at IS NULL`;

/**
 * Case 158: every change of a mark and of a status has one row, and each row begins where the one before ended. The driver
 * takes a bare question mark for a place of a value.
 */
const AUDIT_SQL = `
  WITH log AS (
     SELECT a.entity_type, a.entity_id, a.id, a.before, a.after,
       lag(a.after) OVER (PARTITION BY a.entity_type, a.entity_id ORDER BY a.id) AS ended,
       row_number() OVER (PARTITION BY a.entity_type, a.entity_id ORDER BY a.id DESC) AS from_end
     FROM attendance_audit_log a WHERE a.session_id = ANY(:ids)
       AND (a.entity_type = 'attendance_record' OR (a.entity_type = 'attendance_session' AND a.after \\? 'status'))
   )
   SELECT 'a change of ' || entity_type || ' ' || entity_id || ' has no audit row' AS problem FROM log
   WHERE (entity_type = 'attendance_record' AND ended IS NOT NULL AND before->>'mark' IS DISTINCT FROM ended->>'mark')
      OR (entity_type = 'attendance_session' AND ended IS NOT NULL AND before->>'status' IS DISTINCT FROM ended->>'status')
   UNION ALL
   SELECT 'the last audit row of record ' || r.id || ' does not say ' || r.mark FROM attendance_record r
     JOIN log l ON l.entity_type = 'attendance_record' AND l.entity_id = r.id::text AND l.from_end = 1
   WHERE l.after->>'mark' <> r.mark
   UNION ALL
   SELECT 'record ' || r.id || ' is ' || r.mark || ' without an audit row' FROM attendance_record r
   WHERE r.session_id = ANY(:ids) AND r.mark <> 'pending' AND NOT EXISTS (
     SELECT FROM log l WHERE l.entity_type = 'attendance_record' AND l.entity_id = r.id::text)
   UNION ALL
   SELECT 'the last audit row of class session ' || s.id || ' does not say ' || s.status FROM attendance_session s
     JOIN log l ON l.entity_type = 'attendance_session' AND l.entity_id = s.id::text AND l.from_end = 1
   WHERE l.after->>'status' <> s.status`;
