-- What a student is from one date until another is entered by the office (domain cases 38, 40). The column of the master said
-- it without a date and nothing read it; the same of faculty, who take part or not by their accounts and their classes.

-- What somebody had written there is not known from when on, so it becomes no period of its own: the audit log keeps it.
INSERT INTO attendance_audit_log (entity_type, entity_id, action, source, reason, before, student_id)
  SELECT 'student', id::text, 'status_taken_over', 'system', 'the column was read by nothing', jsonb_build_object('status', status), id
  FROM student WHERE status <> 'active' ORDER BY student.id;
INSERT INTO attendance_audit_log (entity_type, entity_id, action, source, reason, before)
  SELECT 'faculty', code, 'status_taken_over', 'system', 'the column was read by nothing', jsonb_build_object('status', status)
  FROM faculty WHERE status <> 'active' ORDER BY faculty.code;
ALTER TABLE student DROP COLUMN status;
ALTER TABLE faculty DROP COLUMN status;

ALTER TABLE student_status_period
  DROP CONSTRAINT student_status_period_status_check,
  -- Whoever dropped out or has graduated is in no group from then on, until they come back.
  ADD CHECK (status IN ('suspended_disciplinary', 'withdrawn_medical', 'dropped', 'graduated')),
  ADD COLUMN entered_by uuid REFERENCES account,
  ADD COLUMN entered_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN ended_by uuid REFERENCES account,
  ADD COLUMN ended_at timestamptz,
  -- It was a mistake and never held: kept, and read by nothing but the history.
  ADD COLUMN withdrawn_at timestamptz,
  -- The memberships that ended with it, as [{id, until}], so that a mistake gives them back.
  ADD COLUMN ended_memberships jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN version integer NOT NULL DEFAULT 1,
  DROP CONSTRAINT student_status_period_student_id_valid_during_excl,
  ADD EXCLUDE USING gist (student_id WITH =, valid_during WITH &&) WHERE (withdrawn_at IS NULL);
CREATE INDEX student_status_period_student ON student_status_period (student_id);
