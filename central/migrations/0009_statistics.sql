-- Statistics that follow the marks, and exports that a kill of central does not end.

-- Whole periods: a share is compared as exact integers and never rounded (domain case 138).
ALTER TABLE attendance_statistics
  DROP COLUMN total_sessions,
  ALTER COLUMN held_periods TYPE integer,
  ALTER COLUMN attended_periods TYPE integer,
  ALTER COLUMN excused_periods TYPE integer,
  -- Not decided yet: never in the denominator, shown beside it (case 142).
  ADD COLUMN pending_count integer NOT NULL DEFAULT 0,
  ADD COLUMN pending_periods integer NOT NULL DEFAULT 0,
  -- Attended in extra classes that nobody has to attend; counts up to what was held (case 70).
  ADD COLUMN bonus_periods integer NOT NULL DEFAULT 0,
  ADD COLUMN total_sessions integer NOT NULL
    GENERATED ALWAYS AS (present_count + late_count + absent_count + excused_count) STORED;
ALTER TABLE aggregate_statistics
  ALTER COLUMN held_periods TYPE integer,
  ALTER COLUMN attended_periods TYPE integer,
  ALTER COLUMN excused_periods TYPE integer,
  ADD COLUMN pending_periods integer NOT NULL DEFAULT 0,
  -- Booked without a class; a line of its own (case 73).
  ADD COLUMN credit_held_periods integer NOT NULL DEFAULT 0,
  ADD COLUMN credit_attended_periods integer NOT NULL DEFAULT 0;
CREATE INDEX aggregate_statistics_period ON aggregate_statistics (academic_period_id);

-- A contribution names the row that it is part of, so that it can be taken out of it again when the class or the
-- roster has moved it. No foreign keys: each would cost as much as the contribution itself, and the nightly
-- recount (case 145) finds what has no class any more.
DROP TABLE statistics_contribution;
CREATE TABLE statistics_contribution (
  session_id uuid NOT NULL,
  student_id uuid NOT NULL,
  academic_period_id text NOT NULL,
  course_code text NOT NULL,
  section_id text NOT NULL,
  mark text NOT NULL,
  held_periods smallint NOT NULL,
  attended_periods smallint NOT NULL,
  excused_periods smallint NOT NULL,
  pending_periods smallint NOT NULL,
  bonus_periods smallint NOT NULL,
  PRIMARY KEY (session_id, student_id)
) WITH (fillfactor = 70); -- most change once, from pending

-- A student whose credits or whose courses' part in the aggregate changed: no class session, but a period.
ALTER TABLE statistics_todo
  ALTER COLUMN session_id DROP NOT NULL,
  ADD COLUMN academic_period_id text,
  ADD CHECK ((session_id IS NULL) = (academic_period_id IS NOT NULL));

-- What every record counts, in the words of domain A3 R7 and R8: the only place that says so (case 141). Late is
-- attended; not_required is nothing; a class that is not counted adds attended periods at most, as a bonus.
CREATE VIEW statistics_due AS
  SELECT r.session_id, r.student_id, s.academic_period_id, s.course_code,
    -- A combined class counts for each student's own group (case 63).
    coalesce(g.section_id, s.section_id) AS section_id, r.mark,
    CASE WHEN NOT s.counts_in_denominator THEN 0 WHEN c.counts_as IN ('attended', 'missed') THEN s.period_count ELSE 0 END
      AS held_periods,
    CASE WHEN s.counts_in_denominator AND c.counts_as = 'attended' THEN coalesce(r.attended_periods, s.period_count) ELSE 0 END
      AS attended_periods,
    CASE WHEN s.counts_in_denominator AND r.mark = 'excused' AND c.counts_as = 'excluded' THEN s.period_count ELSE 0 END
      AS excused_periods,
    CASE WHEN s.counts_in_denominator AND r.mark = 'pending' THEN s.period_count ELSE 0 END AS pending_periods,
    CASE WHEN s.is_bonus AND c.counts_as = 'attended' THEN coalesce(r.attended_periods, s.period_count) ELSE 0 END
      AS bonus_periods
  FROM attendance_record r
    JOIN attendance_session s ON s.id = r.session_id
    -- What an excused class counts was settled when the leave was decided (case 127).
    LEFT JOIN attendance_leave_application l ON r.mark = 'excused' AND l.id = (r.derivation->>'leave_id')::uuid
    CROSS JOIN LATERAL (SELECT CASE r.mark
      WHEN 'present' THEN 'attended' WHEN 'late' THEN 'attended' WHEN 'absent' THEN 'missed'
      WHEN 'excused' THEN coalesce(l.counts_as, 'excluded') ELSE 'nothing' END AS counts_as) c
    LEFT JOIN LATERAL (
      SELECT x.section_id FROM session_section x
        JOIN roster_membership m ON m.section_id = x.section_id AND m.student_id = r.student_id
          AND m.valid_during @> x.scheduled_date
      WHERE x.session_id = r.session_id ORDER BY x.section_id <> s.section_id, x.section_id LIMIT 1
    ) g ON true
  WHERE r.mark <> 'not_required' AND (s.counts_in_denominator OR s.is_bonus);

-- Whoever changes what a class counts: its records are counted anew.
CREATE FUNCTION count_session_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO statistics_todo (session_id, student_id)
    SELECT session_id, student_id FROM attendance_record WHERE session_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER attendance_session_counts
  AFTER UPDATE OF period_count, counts_in_denominator, is_bonus, course_code, section_id, academic_period_id
  ON attendance_session FOR EACH ROW
  WHEN ((OLD.period_count, OLD.counts_in_denominator, OLD.is_bonus, OLD.course_code, OLD.section_id, OLD.academic_period_id)
    IS DISTINCT FROM
    (NEW.period_count, NEW.counts_in_denominator, NEW.is_bonus, NEW.course_code, NEW.section_id, NEW.academic_period_id))
  EXECUTE FUNCTION count_session_anew();

CREATE FUNCTION count_credit_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO statistics_todo (student_id, academic_period_id) VALUES (OLD.student_id, OLD.academic_period_id);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO statistics_todo (student_id, academic_period_id) VALUES (NEW.student_id, NEW.academic_period_id);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER attendance_credit_counts AFTER INSERT OR UPDATE OR DELETE ON attendance_credit
  FOR EACH ROW EXECUTE FUNCTION count_credit_anew();

CREATE FUNCTION count_course_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO statistics_todo (student_id, academic_period_id)
    SELECT DISTINCT student_id, academic_period_id FROM attendance_statistics WHERE course_code = NEW.code
    UNION SELECT student_id, academic_period_id FROM attendance_credit WHERE course_code = NEW.code;
  RETURN NULL;
END $$;
CREATE TRIGGER course_counts AFTER UPDATE OF counts_in_aggregate ON course FOR EACH ROW
  WHEN (OLD.counts_in_aggregate IS DISTINCT FROM NEW.counts_in_aggregate) EXECUTE FUNCTION count_course_anew();

-- Nights on which everything was counted anew, and what that found.
CREATE TABLE statistics_recount (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  -- Campus-local: one a day, whoever runs it.
  date date NOT NULL UNIQUE,
  finished_at timestamptz NOT NULL,
  rows_compared integer NOT NULL,
  rows_different integer NOT NULL
);

-- What there is already is counted once.
INSERT INTO statistics_todo (session_id, student_id) SELECT session_id, student_id FROM attendance_record;
INSERT INTO statistics_todo (student_id, academic_period_id)
  SELECT DISTINCT student_id, academic_period_id FROM attendance_credit;
