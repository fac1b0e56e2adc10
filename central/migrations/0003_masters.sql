-- The masters of a campus beyond the spine, with optimistic versions.

CREATE TABLE department (
  id text PRIMARY KEY,
  campus_id text NOT NULL REFERENCES campus,
  name text NOT NULL,
  version integer NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE programme (
  id text PRIMARY KEY,
  department_id text NOT NULL REFERENCES department,
  name text NOT NULL,
  version integer NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE academic_year (
  id text PRIMARY KEY,
  campus_id text NOT NULL REFERENCES campus,
  name text NOT NULL,
  starts_on date NOT NULL,
  ends_on date NOT NULL,
  version integer NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (starts_on < ends_on)
);

ALTER TABLE account_role ADD FOREIGN KEY (department_id) REFERENCES department;

ALTER TABLE campus ADD COLUMN version integer NOT NULL DEFAULT 1, ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE building ADD COLUMN version integer NOT NULL DEFAULT 1, ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
  -- Outline as GeoJSON polygon; preferred to a room's circle (domain case 107).
  ADD COLUMN outline jsonb;
ALTER TABLE room ADD COLUMN version integer NOT NULL DEFAULT 1, ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN latitude double precision CHECK (latitude BETWEEN -90 AND 90),
  ADD COLUMN longitude double precision CHECK (longitude BETWEEN -180 AND 180),
  ADD COLUMN geofence_radius_m integer CHECK (geofence_radius_m BETWEEN 10 AND 2000),
  -- 'class': captures give marks. 'presence': gate, library, hostel; never a class mark (domain cases 55, 56).
  ADD COLUMN purpose text NOT NULL DEFAULT 'class' CHECK (purpose IN ('class', 'presence')),
  ADD CHECK ((latitude IS NULL) = (longitude IS NULL));
ALTER TABLE academic_period ADD COLUMN version integer NOT NULL DEFAULT 1, ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN academic_year_id text REFERENCES academic_year,
  ADD COLUMN semester text CHECK (semester IN ('odd', 'even', 'summer')),
  ADD COLUMN is_current boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX academic_period_current ON academic_period (campus_id) WHERE is_current;
ALTER TABLE course ADD COLUMN version integer NOT NULL DEFAULT 1, ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN department_id text REFERENCES department,
  ADD COLUMN course_type text NOT NULL DEFAULT 'theory' CHECK (course_type IN ('theory', 'lab', 'elective', 'mandatory', 'audit')),
  ADD COLUMN credits numeric(4, 1) CHECK (credits >= 0),
  -- False: its own percentage, outside the aggregate (domain case 143).
  ADD COLUMN counts_in_aggregate boolean NOT NULL DEFAULT true;
ALTER TABLE faculty ADD COLUMN version integer NOT NULL DEFAULT 1, ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN department_id text REFERENCES department,
  ADD COLUMN status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'on_leave', 'retired', 'terminated'));
-- Everybody who is taught together: a section, a batch of one (labs), or an elective's group across sections.
-- Rosters are memberships of these; a batch lies inside its parent section.
ALTER TABLE section ADD COLUMN version integer NOT NULL DEFAULT 1, ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN kind text NOT NULL DEFAULT 'section' CHECK (kind IN ('section', 'batch', 'elective')),
  ADD COLUMN parent_id text REFERENCES section,
  ADD COLUMN programme_id text REFERENCES programme,
  ADD COLUMN department_id text REFERENCES department,
  ADD COLUMN year_of_study smallint CHECK (year_of_study BETWEEN 1 AND 6),
  -- The course of an elective's group.
  ADD COLUMN course_code text REFERENCES course,
  ADD CHECK ((kind = 'batch') = (parent_id IS NOT NULL));
CREATE INDEX section_parent ON section (parent_id) WHERE parent_id IS NOT NULL;
CREATE VIEW batch AS
  SELECT id, name, parent_id AS section_id, version, updated_at FROM section WHERE kind = 'batch';

ALTER TABLE student ADD COLUMN version integer NOT NULL DEFAULT 1, ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN date_of_birth date,
  -- Sealed {phone, email}: never readable in a dump (AES-256-GCM, key outside the database).
  ADD COLUMN contact_sealed bytea;
-- Why a status counts from when: suspension and medical withdrawal are judged by date (domain case 40).
CREATE TABLE student_status_period (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  student_id uuid NOT NULL REFERENCES student,
  status text NOT NULL CHECK (status IN ('suspended_disciplinary', 'withdrawn_medical')),
  valid_during daterange NOT NULL CHECK (NOT isempty(valid_during)),
  reason text NOT NULL DEFAULT '',
  EXCLUDE USING gist (student_id WITH =, valid_during WITH &&)
);
ALTER TABLE roster_membership ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE gateway ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE attendance_biometric_device ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE credential ADD COLUMN version integer NOT NULL DEFAULT 1, ADD COLUMN state_reason text NOT NULL DEFAULT '';

CREATE TABLE guardian (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  full_name text NOT NULL,
  contact_sealed bytea,
  language text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'te', 'hi')),
  version integer NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE guardianship (
  guardian_id uuid NOT NULL REFERENCES guardian ON DELETE CASCADE,
  student_id uuid NOT NULL REFERENCES student,
  relation text NOT NULL DEFAULT 'parent',
  PRIMARY KEY (guardian_id, student_id)
);
CREATE INDEX guardianship_student ON guardianship (student_id);
ALTER TABLE account ADD FOREIGN KEY (guardian_id) REFERENCES guardian;

-- Privacy ------------------------------------------------------------------------------------------------

-- Live while revoked_at is null. Enrollment asks for a live row of purpose 'fingerprint' (domain F3).
CREATE TABLE consent (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  student_id uuid NOT NULL REFERENCES student,
  purpose text NOT NULL CHECK (purpose IN ('attendance', 'fingerprint', 'location', 'guardian_messages')),
  actor text NOT NULL CHECK (actor IN ('self', 'guardian')),
  guardian_id uuid REFERENCES guardian,
  channel text NOT NULL CHECK (channel IN ('page', 'paper', 'office')),
  notice_version text NOT NULL,
  notice_sha256 bytea NOT NULL CHECK (octet_length(notice_sha256) = 32),
  language text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'te', 'hi')),
  granted_at timestamptz NOT NULL,
  revoked_at timestamptz,
  recorded_by uuid REFERENCES account,
  CHECK ((actor = 'guardian') = (guardian_id IS NOT NULL)),
  CHECK (revoked_at IS NULL OR revoked_at >= granted_at)
);
CREATE UNIQUE INDEX consent_live ON consent (student_id, purpose) WHERE revoked_at IS NULL;

CREATE TABLE attendance_biometric_template (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  student_id uuid NOT NULL REFERENCES student,
  finger_position smallint NOT NULL CHECK (finger_position BETWEEN 1 AND 10),
  format text NOT NULL,
  template_sealed bytea NOT NULL,
  key_id text NOT NULL,
  quality_score numeric(3, 2) NOT NULL CHECK (quality_score BETWEEN 0 AND 1),
  consent_id uuid NOT NULL REFERENCES consent,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'revoked')),
  enrolled_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz
);
CREATE UNIQUE INDEX attendance_biometric_template_finger ON attendance_biometric_template (student_id, finger_position)
  WHERE state = 'active';
CREATE TABLE template_deployment (
  template_id uuid NOT NULL REFERENCES attendance_biometric_template,
  gateway_id text NOT NULL REFERENCES gateway,
  state text NOT NULL DEFAULT 'pushed' CHECK (state IN ('pushed', 'acked', 'removing', 'removed')),
  changed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (template_id, gateway_id)
);

CREATE TABLE data_subject_request (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  student_id uuid NOT NULL REFERENCES student,
  type text NOT NULL CHECK (type IN ('access', 'rectification', 'erasure', 'portability', 'restriction')),
  description text NOT NULL DEFAULT '',
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'in_progress', 'completed', 'rejected')),
  requested_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  response_sealed bytea,
  handled_by uuid REFERENCES account
);
CREATE TABLE breach_register (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  noticed_at timestamptz NOT NULL,
  description text NOT NULL,
  affected_count integer CHECK (affected_count >= 0),
  board_told_at timestamptz,
  persons_told_at timestamptz,
  closed_at timestamptz,
  recorded_by uuid REFERENCES account
);
