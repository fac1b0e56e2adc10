-- Leave, corrections, policy, statistics, eligibility, notifications, exports.

CREATE TABLE attendance_leave_application (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  student_id uuid NOT NULL REFERENCES student,
  leave_type text NOT NULL CHECK (leave_type IN ('medical', 'maternity', 'on_duty', 'sport', 'personal', 'emergency', 'other')),
  -- Campus-local, both included.
  start_date date NOT NULL,
  end_date date NOT NULL,
  -- Null: whole days. Otherwise only classes that start within these campus-local times (domain case 124).
  start_time time,
  end_time time,
  reason text NOT NULL,
  document_sealed bytea,
  document_name text,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected', 'cancelled')),
  affects_attendance boolean NOT NULL DEFAULT true,
  auto_apply_to_sessions boolean NOT NULL DEFAULT true,
  applied_by uuid REFERENCES account,
  applied_at timestamptz NOT NULL,
  decided_by uuid REFERENCES account,
  decided_at timestamptz,
  decision_note text NOT NULL DEFAULT '',
  version integer NOT NULL DEFAULT 1,
  CHECK (start_date <= end_date),
  CHECK ((start_time IS NULL) = (end_time IS NULL)),
  EXCLUDE USING gist (student_id WITH =, daterange(start_date, end_date, '[]') WITH &&)
    WHERE (status IN ('pending', 'approved') AND start_time IS NULL)
);
CREATE INDEX attendance_leave_application_student ON attendance_leave_application (student_id, start_date)
  WHERE status = 'approved';
CREATE INDEX attendance_leave_application_pending ON attendance_leave_application (applied_at) WHERE status = 'pending';

CREATE TABLE attendance_correction_request (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  session_id uuid NOT NULL REFERENCES attendance_session,
  student_id uuid NOT NULL REFERENCES student,
  from_mark text NOT NULL,
  to_mark text NOT NULL CHECK (to_mark IN ('present', 'absent', 'late', 'excused')),
  reason text NOT NULL,
  document_sealed bytea,
  document_name text,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected', 'cancelled')),
  requested_by uuid REFERENCES account,
  requested_at timestamptz NOT NULL,
  decided_by uuid REFERENCES account,
  decided_at timestamptz,
  decision_note text NOT NULL DEFAULT '',
  decision_id uuid REFERENCES decision,
  version integer NOT NULL DEFAULT 1,
  CHECK (from_mark <> to_mark)
);
CREATE UNIQUE INDEX attendance_correction_request_pending ON attendance_correction_request (session_id, student_id)
  WHERE status = 'pending';
CREATE INDEX attendance_correction_request_waiting ON attendance_correction_request (requested_at) WHERE status = 'pending';

-- Settings: scoped, effective-dated, with history (nothing is overwritten; the newest row of a key in a scope
-- and from an instant counts).
ALTER TABLE attendance_configuration
  ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
  ADD COLUMN scope_kind text NOT NULL DEFAULT 'campus' CHECK (scope_kind IN ('campus', 'programme', 'course_type')),
  ADD COLUMN scope_id text NOT NULL DEFAULT '',
  ADD COLUMN updated_by uuid REFERENCES account,
  ADD COLUMN version integer NOT NULL DEFAULT 1,
  ADD CHECK ((scope_kind = 'campus') = (scope_id = ''));
ALTER TABLE attendance_configuration DROP CONSTRAINT attendance_configuration_pkey,
  ADD PRIMARY KEY (id);
CREATE UNIQUE INDEX attendance_configuration_once ON attendance_configuration (key, scope_kind, scope_id, effective_from)
  WHERE is_active;

CREATE TABLE policy_pack (
  id text PRIMARY KEY,
  name text NOT NULL,
  description text NOT NULL DEFAULT '',
  -- To be confirmed by the college before it decides about anybody (domain E3).
  is_confirmed boolean NOT NULL DEFAULT false
);
-- The rules of judging and of eligibility as they were at a time; an id that a class session carries is here.
CREATE TABLE policy_version (
  id text PRIMARY KEY,
  pack_id text REFERENCES policy_pack,
  rules_version integer NOT NULL,
  document jsonb NOT NULL,
  effective_from timestamptz NOT NULL DEFAULT '-infinity',
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Whoever makes or re-stamps a class session: its policy is kept under its id.
CREATE FUNCTION keep_session_policies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO policy_version (id, rules_version, document)
    SELECT DISTINCT ON (policy->>'id') policy->>'id', (policy->>'rules_version')::integer, policy
    FROM stamped WHERE policy->'id' IS NOT NULL ORDER BY policy->>'id'
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER attendance_session_policies AFTER INSERT ON attendance_session
  REFERENCING NEW TABLE AS stamped FOR EACH STATEMENT EXECUTE FUNCTION keep_session_policies();
INSERT INTO policy_version (id, rules_version, document)
  SELECT DISTINCT ON (policy->>'id') policy->>'id', (policy->>'rules_version')::integer, policy
  FROM attendance_session WHERE policy->'id' IS NOT NULL ORDER BY policy->>'id';

-- How long one needs between two buildings, where it is not the usual time; both directions are one row.
CREATE TABLE building_walk (
  building_a text NOT NULL REFERENCES building,
  building_b text NOT NULL REFERENCES building,
  minutes integer NOT NULL CHECK (minutes BETWEEN 0 AND 240),
  PRIMARY KEY (building_a, building_b),
  CHECK (building_a < building_b)
);
-- 'alternating': one reader, and every second capture of a person is the way out (domain case 43).
ALTER TABLE room ADD COLUMN capture_mode text NOT NULL DEFAULT 'entry' CHECK (capture_mode IN ('entry', 'alternating'));
-- Of a class of several periods: how many the student was in; null where all or none, as the mark says (case 59).
ALTER TABLE attendance_record ADD COLUMN attended_periods smallint CHECK (attended_periods >= 0);
CREATE INDEX session_guest_student ON session_guest (student_id);

CREATE TABLE condonation_case (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  student_id uuid NOT NULL REFERENCES student,
  academic_period_id text NOT NULL REFERENCES academic_period,
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'approved', 'rejected')),
  fee_receipt text,
  resolution_number text,
  decided_by uuid REFERENCES account,
  decided_at timestamptz,
  UNIQUE (student_id, academic_period_id)
);
-- Periods credited without a class: mid-term credit, NCC, NSS, sports (domain case 73, E3).
CREATE TABLE attendance_credit (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  student_id uuid NOT NULL REFERENCES student,
  academic_period_id text NOT NULL REFERENCES academic_period,
  course_code text REFERENCES course,
  kind text NOT NULL CHECK (kind IN ('midterm', 'ncc', 'nss', 'sport', 'other')),
  attended_periods integer NOT NULL CHECK (attended_periods >= 0),
  held_periods integer NOT NULL CHECK (held_periods >= 0),
  reason text NOT NULL DEFAULT '',
  booked_by uuid REFERENCES account,
  booked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX attendance_credit_student ON attendance_credit (student_id, academic_period_id);

-- One row per student, section, course and period, changed in place (domain case 145). In periods, not classes.
CREATE TABLE attendance_statistics (
  student_id uuid NOT NULL REFERENCES student,
  section_id text NOT NULL REFERENCES section,
  course_code text NOT NULL REFERENCES course,
  academic_period_id text NOT NULL REFERENCES academic_period,
  total_sessions integer NOT NULL DEFAULT 0,
  present_count integer NOT NULL DEFAULT 0,
  late_count integer NOT NULL DEFAULT 0,
  absent_count integer NOT NULL DEFAULT 0,
  excused_count integer NOT NULL DEFAULT 0,
  held_periods numeric(9, 2) NOT NULL DEFAULT 0,
  attended_periods numeric(9, 2) NOT NULL DEFAULT 0,
  excused_periods numeric(9, 2) NOT NULL DEFAULT 0,
  last_calculated timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (student_id, academic_period_id, course_code, section_id)
) WITH (fillfactor = 60);
CREATE INDEX attendance_statistics_section ON attendance_statistics (section_id, course_code, academic_period_id);
-- Pairs whose contribution to the statistics may have changed; append-only like judgement_todo.
CREATE TABLE statistics_todo (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  student_id uuid NOT NULL,
  session_id uuid NOT NULL
);
-- What a record contributes to the statistics now, so that a change is its difference to this.
CREATE TABLE statistics_contribution (
  session_id uuid NOT NULL REFERENCES attendance_session ON DELETE CASCADE,
  student_id uuid NOT NULL,
  mark text NOT NULL,
  held_periods numeric(5, 2) NOT NULL,
  attended_periods numeric(5, 2) NOT NULL,
  excused_periods numeric(5, 2) NOT NULL,
  PRIMARY KEY (session_id, student_id)
);
CREATE TABLE aggregate_statistics (
  student_id uuid NOT NULL REFERENCES student,
  academic_period_id text NOT NULL REFERENCES academic_period,
  held_periods numeric(9, 2) NOT NULL DEFAULT 0,
  attended_periods numeric(9, 2) NOT NULL DEFAULT 0,
  excused_periods numeric(9, 2) NOT NULL DEFAULT 0,
  last_calculated timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (student_id, academic_period_id)
) WITH (fillfactor = 60);

CREATE TABLE notification (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  account_id uuid REFERENCES account,
  kind text NOT NULL,
  subject_id text NOT NULL DEFAULT '',
  body jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  read_at timestamptz
);
CREATE INDEX notification_account ON notification (account_id, created_at DESC);
-- The same thing is told once (domain case 29).
CREATE UNIQUE INDEX notification_once ON notification (account_id, kind, subject_id) WHERE subject_id <> '';
CREATE TABLE notification_delivery (
  notification_id uuid NOT NULL REFERENCES notification ON DELETE CASCADE,
  channel text NOT NULL CHECK (channel IN ('page', 'email', 'sms')),
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'failed', 'expired')),
  attempts integer NOT NULL DEFAULT 0,
  changed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (notification_id, channel)
);

CREATE TABLE export_job (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  requested_by uuid REFERENCES account,
  format text NOT NULL CHECK (format IN ('csv', 'excel', 'pdf')),
  request jsonb NOT NULL,
  purpose text NOT NULL DEFAULT '',
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
  rows_written integer,
  sha256 text,
  failure text,
  requested_at timestamptz NOT NULL,
  finished_at timestamptz
);
CREATE INDEX export_job_by ON export_job (requested_by, requested_at DESC);
