-- The class first, then its records: of plans that seem to cost the same the planner keeps the one that it meets first, and with
-- the records first it looked the class and its groups up again for each of them, 4 of the 26 µs of a mark that is counted.
CREATE OR REPLACE VIEW statistics_due AS
  SELECT r.session_id, r.student_id, s.academic_period_id, s.course_code,
    -- A combined class counts for each student's own group.
    CASE WHEN k.is_combined THEN coalesce((
        SELECT x.section_id
        FROM (SELECT section_id, scheduled_date FROM session_section WHERE session_id = r.session_id OFFSET 0) x
          CROSS JOIN LATERAL (
            -- The version is in no index, so that the hash index of a student's memberships is taken.
            SELECT FROM roster_membership m
            WHERE m.student_id = r.student_id AND m.version > 0 AND m.section_id = x.section_id
              AND m.valid_during @> x.scheduled_date OFFSET 0
          ) own
        ORDER BY x.section_id <> s.section_id, x.section_id LIMIT 1
      ), s.section_id)
      ELSE s.section_id END AS section_id,
    r.mark,
    CASE WHEN NOT s.counts_in_denominator THEN 0 WHEN c.counts_as IN ('attended', 'missed') THEN s.period_count ELSE 0 END
      AS held_periods,
    CASE WHEN s.counts_in_denominator AND c.counts_as = 'attended' THEN coalesce(r.attended_periods, s.period_count) ELSE 0 END
      AS attended_periods,
    CASE WHEN s.counts_in_denominator AND r.mark = 'excused' AND c.counts_as = 'excluded' THEN s.period_count ELSE 0 END
      AS excused_periods,
    CASE WHEN s.counts_in_denominator AND r.mark = 'pending' THEN s.period_count ELSE 0 END AS pending_periods,
    CASE WHEN s.is_bonus AND c.counts_as = 'attended' THEN coalesce(r.attended_periods, s.period_count) ELSE 0 END
      AS bonus_periods
  FROM attendance_session s
    CROSS JOIN LATERAL (
      SELECT coalesce((SELECT true FROM session_section x WHERE x.session_id = s.id AND x.section_id <> s.section_id LIMIT 1), false)
        AS is_combined OFFSET 0
    ) k
    JOIN attendance_record r ON r.session_id = s.id
    -- What an excused class counts was settled when the leave was decided (case 127).
    LEFT JOIN attendance_leave_application l ON r.mark = 'excused' AND l.id = (r.derivation->>'leave_id')::uuid
    CROSS JOIN LATERAL (SELECT CASE r.mark
      WHEN 'present' THEN 'attended' WHEN 'late' THEN 'attended' WHEN 'absent' THEN 'missed'
      WHEN 'excused' THEN coalesce(l.counts_as, 'excluded') ELSE 'nothing' END AS counts_as) c
  WHERE r.mark <> 'not_required' AND (s.counts_in_denominator OR s.is_bonus);
