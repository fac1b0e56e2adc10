-- Calendar, timetable versions, class sessions of several groups and rooms, and the clashes they must not have.

CREATE TABLE attendance_holiday (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  campus_id text NOT NULL REFERENCES campus,
  name text NOT NULL,
  date date NOT NULL,
  is_full_day boolean NOT NULL DEFAULT true,
  -- Campus-local; both set for a half-day.
  start_time time,
  end_time time,
  academic_year_id text REFERENCES academic_year,
  description text NOT NULL DEFAULT '',
  affects_attendance boolean NOT NULL DEFAULT true,
  -- Null: everybody. Otherwise only groups that match every part that is set.
  scope_year_of_study smallint CHECK (scope_year_of_study BETWEEN 1 AND 6),
  scope_department_id text REFERENCES department,
  scope_section_id text REFERENCES section,
  -- Declared while the day was going on (domain case 6): what had ended by then stays held.
  declared_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (is_full_day = (start_time IS NULL) AND is_full_day = (end_time IS NULL)),
  CHECK (start_time < end_time)
);
CREATE INDEX attendance_holiday_date ON attendance_holiday (campus_id, date);
CREATE UNIQUE INDEX attendance_holiday_once ON attendance_holiday
  (campus_id, date, name, coalesce(scope_year_of_study, 0), coalesce(scope_department_id, ''), coalesce(scope_section_id, ''));

-- Days that are not simply their weekday.
CREATE TABLE calendar_day (
  campus_id text NOT NULL REFERENCES campus,
  date date NOT NULL,
  kind text NOT NULL CHECK (kind IN ('working', 'exam', 'no_classes')),
  -- The weekday whose timetable it follows, 0 = Monday (domain case 9); null: its own.
  follows_weekday smallint CHECK (follows_weekday BETWEEN 0 AND 6),
  -- Number in a day-order cycle, for colleges whose timetable counts days instead of weekdays.
  day_order smallint CHECK (day_order BETWEEN 1 AND 12),
  note text NOT NULL DEFAULT '',
  version integer NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (campus_id, date)
);

-- A timetable is versions over time; changing it never touches held sessions (domain case 72).
CREATE TABLE timetable_version (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  academic_period_id text NOT NULL REFERENCES academic_period,
  name text NOT NULL,
  valid_during daterange NOT NULL CHECK (NOT isempty(valid_during)),
  uses_day_order boolean NOT NULL DEFAULT false,
  version integer NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (academic_period_id, name),
  EXCLUDE USING gist (academic_period_id WITH =, valid_during WITH &&)
);

INSERT INTO timetable_version (academic_period_id, name, valid_during)
  SELECT id, 'v1', daterange(starts_on, ends_on, '[]') FROM academic_period;

ALTER TABLE attendance_timetable_slot
  ADD COLUMN timetable_version_id uuid REFERENCES timetable_version,
  ADD COLUMN day_order smallint CHECK (day_order BETWEEN 1 AND 12),
  -- Periods that one class covers: a lab of three weighs three (domain case 59).
  ADD COLUMN period_count smallint NOT NULL DEFAULT 1 CHECK (period_count BETWEEN 1 AND 12),
  -- Faculty who teach it together with faculty_code; allowed to overlap there only when said so (case 65).
  ADD COLUMN is_co_taught boolean NOT NULL DEFAULT false,
  ADD COLUMN version integer NOT NULL DEFAULT 1,
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
UPDATE attendance_timetable_slot s SET timetable_version_id = v.id
  FROM timetable_version v WHERE v.academic_period_id = s.academic_period_id;
ALTER TABLE attendance_timetable_slot ALTER COLUMN timetable_version_id SET NOT NULL;
CREATE INDEX attendance_timetable_slot_version ON attendance_timetable_slot (timetable_version_id);

-- Further groups of a combined class, further rooms of a split one (domain cases 63, 64).
CREATE TABLE timetable_slot_section (
  slot_id text NOT NULL REFERENCES attendance_timetable_slot ON DELETE CASCADE,
  section_id text NOT NULL REFERENCES section,
  PRIMARY KEY (slot_id, section_id)
);
CREATE TABLE timetable_slot_room (
  slot_id text NOT NULL REFERENCES attendance_timetable_slot ON DELETE CASCADE,
  room_id text NOT NULL REFERENCES room,
  PRIMARY KEY (slot_id, room_id)
);

-- What a slot occupies; two that overlap are refused by the database unless one is only warned about
-- (domain cases 65, 66). A section occupies each of its batches, so a batch's lab clashes with the section's
-- lecture and not with the other batch's lab.
CREATE TABLE slot_occupancy (
  slot_id text NOT NULL REFERENCES attendance_timetable_slot ON DELETE CASCADE,
  academic_period_id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('faculty', 'room', 'group')),
  resource_id text NOT NULL,
  -- 0–6 for weekdays, 101–112 for day orders.
  day smallint NOT NULL,
  minutes int4range NOT NULL CHECK (NOT isempty(minutes)),
  valid_during daterange NOT NULL,
  is_enforced boolean NOT NULL DEFAULT true,
  CONSTRAINT slot_occupancy_clash EXCLUDE USING gist
    (kind WITH =, resource_id WITH =, day WITH =, minutes WITH &&, valid_during WITH &&) WHERE (is_enforced)
);
CREATE INDEX slot_occupancy_slot ON slot_occupancy (slot_id);

ALTER TABLE attendance_session
  ADD COLUMN session_type text NOT NULL DEFAULT 'LECTURE' CHECK (session_type IN ('LECTURE', 'LAB', 'TUTORIAL', 'SEMINAR')),
  ADD COLUMN period_count smallint NOT NULL DEFAULT 1 CHECK (period_count BETWEEN 1 AND 12),
  ADD COLUMN origin text NOT NULL DEFAULT 'timetable' CHECK (origin IN ('timetable', 'ad_hoc', 'makeup', 'extra', 'swap')),
  ADD COLUMN timetable_version_id uuid REFERENCES timetable_version,
  -- The class that this one makes good, or that a swap moved here (domain cases 68, 69).
  ADD COLUMN replaces_session_id uuid REFERENCES attendance_session,
  -- The faculty member who took it instead of faculty_code (domain case 67).
  ADD COLUMN substitute_code text REFERENCES faculty,
  ADD COLUMN makeup boolean NOT NULL DEFAULT false,
  ADD COLUMN counts_in_denominator boolean NOT NULL DEFAULT true,
  ADD COLUMN is_bonus boolean NOT NULL DEFAULT false,
  ADD COLUMN is_co_taught boolean NOT NULL DEFAULT false,
  ADD COLUMN holiday_id uuid REFERENCES attendance_holiday ON DELETE SET NULL,
  -- Why it is cancelled or not held: an upper-case code, words in notes.
  ADD COLUMN status_reason text NOT NULL DEFAULT '',
  -- Touched by hand: opened, moved or changed by a person; a new timetable version keeps it (domain case 72).
  ADD COLUMN is_hand_changed boolean NOT NULL DEFAULT false,
  -- The weekday whose timetable made it, where it is not its own (domain case 9).
  ADD COLUMN follows_weekday smallint,
  ADD COLUMN auto_lock_at timestamptz,
  -- QR: the secret of the code on the screen; a new one makes every older code useless (domain case 109).
  ADD COLUMN qr_secret_sealed bytea,
  ADD COLUMN qr_generated_at timestamptz,
  ADD COLUMN qr_expires_at timestamptz,
  ADD COLUMN headcount integer CHECK (headcount >= 0),
  ADD COLUMN created_by uuid REFERENCES account,
  ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();

-- Every group of a class session, its first one included: ingest's way from a student to the sessions.
CREATE TABLE session_section (
  session_id uuid NOT NULL REFERENCES attendance_session ON DELETE CASCADE,
  section_id text NOT NULL REFERENCES section,
  scheduled_date date NOT NULL,
  reach_from timestamptz NOT NULL,
  reach_until timestamptz NOT NULL,
  PRIMARY KEY (session_id, section_id)
);
CREATE INDEX session_section_reach ON session_section (section_id, reach_from) INCLUDE (reach_until, scheduled_date, session_id);

-- Every room of a class session, its first one included. A room change ends one and starts another: captures
-- count in a room only while it was the class's (domain case 57).
CREATE TABLE session_room (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES attendance_session ON DELETE CASCADE,
  room_id text NOT NULL REFERENCES room,
  valid_during tstzrange NOT NULL DEFAULT '(,)',
  EXCLUDE USING gist (session_id WITH =, room_id WITH =, valid_during WITH &&)
);
CREATE INDEX session_room_session ON session_room (session_id);
CREATE INDEX session_room_room ON session_room (room_id);

INSERT INTO session_section (session_id, section_id, scheduled_date, reach_from, reach_until)
  SELECT id, section_id, scheduled_date, reach_from, reach_until FROM attendance_session;
INSERT INTO session_room (session_id, room_id) SELECT id, room_id FROM attendance_session;

-- The first group and room stay in the session's own row; these keep the lists complete, whoever inserts.
CREATE FUNCTION list_session_places() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO session_section (session_id, section_id, scheduled_date, reach_from, reach_until)
    SELECT id, section_id, scheduled_date, reach_from, reach_until FROM added
    ON CONFLICT DO NOTHING;
  INSERT INTO session_room (session_id, room_id) SELECT id, room_id FROM added;
  RETURN NULL;
END $$;
CREATE TRIGGER attendance_session_places AFTER INSERT ON attendance_session
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION list_session_places();

-- Guests that faculty let into another batch's lab: the mark goes to their own batch's session (domain case 60).
CREATE TABLE session_guest (
  session_id uuid NOT NULL REFERENCES attendance_session ON DELETE CASCADE,
  student_id uuid NOT NULL REFERENCES student,
  counts_for_session_id uuid NOT NULL REFERENCES attendance_session,
  allowed_by uuid REFERENCES account,
  allowed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (session_id, student_id)
);
CREATE INDEX session_guest_counts ON session_guest (counts_for_session_id, student_id);

-- As for slots. Cancelled and not-held sessions occupy nothing.
CREATE TABLE session_occupancy (
  session_id uuid NOT NULL REFERENCES attendance_session ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('faculty', 'room', 'group')),
  resource_id text NOT NULL,
  during tstzrange NOT NULL CHECK (NOT isempty(during)),
  is_enforced boolean NOT NULL DEFAULT true,
  CONSTRAINT session_occupancy_clash EXCLUDE USING gist
    (kind WITH =, resource_id WITH =, during WITH &&) WHERE (is_enforced)
);
CREATE INDEX session_occupancy_session ON session_occupancy (session_id);

-- Everything that was changed about a class session after it was made.
CREATE TABLE session_change (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  session_id uuid NOT NULL REFERENCES attendance_session,
  kind text NOT NULL CHECK (kind IN ('room', 'faculty', 'time', 'cancel', 'not_held', 'reopen', 'unlock', 'restore', 'co_taught', 'groups',
    'headcount')),
  before jsonb NOT NULL,
  after jsonb NOT NULL,
  reason text NOT NULL DEFAULT '',
  requested_by uuid REFERENCES account,
  -- The second person where two are needed (domain case 19).
  confirmed_by uuid REFERENCES account,
  requested_at timestamptz NOT NULL,
  applied_at timestamptz,
  expires_at timestamptz,
  CHECK (confirmed_by IS NULL OR confirmed_by <> requested_by)
);
CREATE INDEX session_change_session ON session_change (session_id, requested_at);

-- Many sessions changed by one action that can be undone as one (domain case 76).
CREATE TABLE session_batch_job (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  kind text NOT NULL CHECK (kind IN ('generate', 'cancel')),
  request jsonb NOT NULL,
  result jsonb NOT NULL DEFAULT '{}',
  performed_by uuid REFERENCES account,
  performed_at timestamptz NOT NULL,
  undone_at timestamptz
);
ALTER TABLE attendance_session ADD COLUMN batch_job_id uuid REFERENCES session_batch_job;
CREATE INDEX attendance_session_batch_job ON attendance_session (batch_job_id) WHERE batch_job_id IS NOT NULL;

-- A faculty member's own classes: row-level rights and the list of the day.
CREATE INDEX attendance_session_faculty ON attendance_session (faculty_code, start_at);
CREATE INDEX attendance_session_substitute ON attendance_session (substitute_code, start_at) WHERE substitute_code IS NOT NULL;
