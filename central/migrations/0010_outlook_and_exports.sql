-- What is still to come of each course of a group, from the timetable and the calendar (domain case 149).
CREATE TABLE course_outlook (
  section_id text NOT NULL REFERENCES section ON DELETE CASCADE,
  course_code text NOT NULL REFERENCES course ON DELETE CASCADE,
  academic_period_id text NOT NULL REFERENCES academic_period ON DELETE CASCADE,
  remaining_periods integer NOT NULL CHECK (remaining_periods >= 0),
  -- Campus-local; this day is counted.
  from_date date NOT NULL,
  PRIMARY KEY (section_id, course_code, academic_period_id)
);

-- Exports: started again after a kill, gone after a week.
ALTER TABLE export_job
  DROP CONSTRAINT export_job_state_check,
  ADD CONSTRAINT export_job_state_check CHECK (state IN ('queued', 'running', 'done', 'failed', 'expired')),
  -- The rights of whoever asked, as they were then: roles with what they reach, and who the person is.
  ADD COLUMN requested_as jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN attempts integer NOT NULL DEFAULT 0,
  ADD COLUMN started_at timestamptz,
  ADD COLUMN file_bytes bigint,
  -- The instant whose numbers are in the file (domain case 155).
  ADD COLUMN as_of timestamptz,
  ADD COLUMN version integer NOT NULL DEFAULT 1;
CREATE INDEX export_job_waiting ON export_job (requested_at) WHERE state IN ('queued', 'running');
CREATE INDEX export_job_done ON export_job (finished_at) WHERE state = 'done';
