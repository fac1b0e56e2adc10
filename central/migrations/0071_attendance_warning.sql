-- How low a student was told to be (domain case 148): the deepest level of warning that has not been left again, and how many
-- warnings there have been, so that falling again after a recovery is told again.
CREATE TABLE attendance_warning (
  student_id uuid NOT NULL REFERENCES student,
  academic_period_id text NOT NULL REFERENCES academic_period,
  level smallint CHECK (level BETWEEN 0 AND 100),
  warned integer NOT NULL DEFAULT 0,
  PRIMARY KEY (student_id, academic_period_id)
);
CREATE INDEX attendance_warning_period ON attendance_warning (academic_period_id);
