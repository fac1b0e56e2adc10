-- The spine: masters, evidence, class sessions, marks. Times are timestamptz (UTC); dates are campus-local.

CREATE EXTENSION IF NOT EXISTS btree_gist;

-- Masters ------------------------------------------------------------------------------------------------

CREATE TABLE campus (
  id text PRIMARY KEY,
  name text NOT NULL,
  zone text NOT NULL DEFAULT 'Asia/Kolkata'
);

CREATE TABLE building (
  id text PRIMARY KEY,
  campus_id text NOT NULL REFERENCES campus,
  name text NOT NULL
);

CREATE TABLE room (
  id text PRIMARY KEY,
  building_id text NOT NULL REFERENCES building,
  name text NOT NULL,
  capacity integer CHECK (capacity > 0)
);

CREATE TABLE academic_period (
  id text PRIMARY KEY,
  campus_id text NOT NULL REFERENCES campus,
  name text NOT NULL,
  starts_on date NOT NULL,
  ends_on date NOT NULL,
  CHECK (starts_on <= ends_on)
);

CREATE TABLE course (
  code text PRIMARY KEY,
  title text NOT NULL
);

CREATE TABLE faculty (
  code text PRIMARY KEY,
  full_name text NOT NULL
);

CREATE TABLE section (
  id text PRIMARY KEY,
  name text NOT NULL
);

CREATE TABLE student (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  roll_number text NOT NULL UNIQUE,
  full_name text NOT NULL,
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'suspended', 'graduated', 'dropped'))
);

-- Effective-dated: a student who joins or leaves never changes classes already held (domain cases 38, 39).
CREATE TABLE roster_membership (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  section_id text NOT NULL REFERENCES section,
  student_id uuid NOT NULL REFERENCES student,
  valid_during daterange NOT NULL CHECK (NOT isempty(valid_during)),
  -- Student first: the planner sometimes takes this index where only the student is known.
  EXCLUDE USING gist (student_id WITH =, section_id WITH =, valid_during WITH &&)
);
-- Ingest's way from a student to the sections; it reads nothing but this index.
CREATE INDEX roster_membership_student ON roster_membership (student_id) INCLUDE (section_id, valid_during);

-- Gateways and devices -----------------------------------------------------------------------------------

CREATE TABLE gateway (
  id text PRIMARY KEY,
  building_id text NOT NULL REFERENCES building,
  name text NOT NULL,
  -- SHA-256 over a random 256-bit secret: a slow hash protects weak secrets, and this one is not weak.
  secret_sha256 bytea,
  state text NOT NULL DEFAULT 'never' CHECK (state IN ('never', 'online', 'offline')),
  boot_id uuid,
  -- Boots before this one, newest first: one that comes back means two machines with one identity (domain case 95).
  earlier_boots uuid[] NOT NULL DEFAULT '{}',
  status_session bigint NOT NULL DEFAULT 0,
  software text,
  last_seen_at timestamptz,
  health jsonb,
  health_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE gateway_key (
  key_id text PRIMARY KEY,
  gateway_id text NOT NULL REFERENCES gateway,
  public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
  registered_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);

-- Which seqs of a store are settled (committed, quarantined or declared lost). One row per store, changed in
-- the transaction that settles the rows: what is committed here can never be ahead of what is stored.
CREATE TABLE gateway_store (
  gateway_id text NOT NULL REFERENCES gateway,
  store_id uuid NOT NULL,
  settled int8multirange NOT NULL DEFAULT '{}',
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (gateway_id, store_id)
);

-- Health reports that wait until everything up to their head_seq is settled; then they move the watermark.
CREATE TABLE gateway_watermark_claim (
  gateway_id text NOT NULL REFERENCES gateway,
  store_id uuid NOT NULL,
  head_seq bigint NOT NULL,
  as_of timestamptz NOT NULL,
  -- device id → complete_through
  devices jsonb NOT NULL,
  PRIMARY KEY (gateway_id, as_of)
);

-- The seed's name for every configured device, card readers included.
CREATE TABLE attendance_biometric_device (
  device_id text NOT NULL,
  gateway_id text NOT NULL REFERENCES gateway,
  device_name text NOT NULL,
  device_type text NOT NULL CHECK (device_type IN ('rfid', 'fingerprint', 'face', 'iris', 'palm', 'qr_kiosk', 'lights')),
  driver text NOT NULL,
  room_id text REFERENCES room,
  direction text NOT NULL DEFAULT 'both' CHECK (direction IN ('in', 'out', 'both')),
  status text NOT NULL DEFAULT 'inactive' CHECK (status IN ('active', 'inactive', 'maintenance', 'error')),
  is_enabled boolean NOT NULL DEFAULT true,
  last_seen timestamptz,
  -- Latest `up/device/<id>/status`.
  reported jsonb,
  -- Everything the device saw before this instant is committed here; finalizing waits for it.
  complete_through timestamptz,
  PRIMARY KEY (gateway_id, device_id)
);
CREATE INDEX attendance_biometric_device_room ON attendance_biometric_device (room_id) WHERE is_enabled;

CREATE VIEW device AS
  SELECT device_id AS id, gateway_id, device_name AS name, device_type AS type, driver, room_id, direction,
         status, is_enabled, last_seen AS last_seen_at, complete_through
  FROM attendance_biometric_device;

-- Credentials: hashes only, effective-dated; history never moves when a card is re-issued (domain case 93).
CREATE TABLE credential (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  student_id uuid NOT NULL REFERENCES student,
  technology text NOT NULL,
  state text NOT NULL DEFAULT 'issued' CHECK (state IN ('issued', 'blocked', 'lost', 'returned')),
  valid_during tstzrange NOT NULL CHECK (NOT isempty(valid_during))
);
CREATE INDEX credential_student ON credential (student_id);

CREATE TABLE credential_hash (
  credential_id uuid NOT NULL REFERENCES credential ON DELETE CASCADE,
  projection text NOT NULL CHECK (projection IN ('full', 'u32', 'w26')),
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  PRIMARY KEY (credential_id, projection)
);
CREATE INDEX credential_hash_lookup ON credential_hash (hash, projection);

CREATE TABLE gateway_roster (
  gateway_id text NOT NULL REFERENCES gateway,
  version bigint NOT NULL,
  sha256 text NOT NULL,
  document bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (gateway_id, version)
);

-- Evidence -----------------------------------------------------------------------------------------------

CREATE TABLE clock_anchor (
  gateway_id text NOT NULL,
  store_id uuid NOT NULL,
  seq bigint NOT NULL,
  boot_id uuid NOT NULL,
  mono_ms bigint NOT NULL,
  wall_at timestamptz NOT NULL,
  clock_state text NOT NULL,
  source text NOT NULL,
  PRIMARY KEY (gateway_id, store_id, seq)
);
CREATE INDEX clock_anchor_boot ON clock_anchor (gateway_id, boot_id, mono_ms) WHERE clock_state = 'synced';

CREATE TABLE gateway_event (
  gateway_id text NOT NULL,
  store_id uuid NOT NULL,
  seq bigint NOT NULL,
  occurred_at timestamptz NOT NULL,
  type text NOT NULL,
  detail jsonb NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (gateway_id, store_id, seq)
);

-- Immutable except for its resolution (last block), which is derived from other evidence and recomputable.
CREATE TABLE punch (
  gateway_id text NOT NULL,
  store_id uuid NOT NULL,
  seq bigint NOT NULL,
  punch_id uuid NOT NULL,
  boot_id uuid NOT NULL,
  mono_ms bigint NOT NULL,
  occurred_at timestamptz NOT NULL,
  clock_state text NOT NULL,
  device_id text NOT NULL,
  kind text NOT NULL,
  verify_method text,
  technology text,
  hash_full bytea,
  hash_u32 bytea,
  hash_w26 bytea,
  claimed_student_ref text,
  score real,
  direction_hint text,
  device_time timestamptz,
  device_index bigint,
  received_at timestamptz NOT NULL,
  -- resolution
  effective_at timestamptz,
  time_source text NOT NULL,
  student_id uuid,
  outcome text NOT NULL CHECK (outcome IN ('recognized', 'unknown', 'ambiguous', 'blocked', 'time_unknown')),
  matched_projection text,
  room_id text,
  PRIMARY KEY (gateway_id, store_id, seq)
);
CREATE UNIQUE INDEX punch_id_key ON punch (punch_id);
-- Everything one student did around one class session: the only read that judging needs.
CREATE INDEX punch_student_time ON punch (student_id, effective_at) WHERE student_id IS NOT NULL;
CREATE INDEX punch_unsettled ON punch (gateway_id, boot_id, mono_ms) WHERE clock_state <> 'synced';
-- Replays when the office assigns an unknown card (domain case 91).
CREATE INDEX punch_unknown_full ON punch (hash_full) WHERE outcome = 'unknown' AND hash_full IS NOT NULL;
CREATE INDEX punch_unknown_u32 ON punch (hash_u32) WHERE outcome = 'unknown' AND hash_u32 IS NOT NULL;
CREATE INDEX punch_unknown_w26 ON punch (hash_w26) WHERE outcome = 'unknown' AND hash_w26 IS NOT NULL;
CREATE INDEX punch_received ON punch (received_at DESC, punch_id DESC);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is not allowed: its rows are immutable evidence', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION keep_punch_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.gateway_id, OLD.store_id, OLD.seq, OLD.punch_id, OLD.boot_id, OLD.mono_ms, OLD.occurred_at,
      OLD.clock_state, OLD.device_id, OLD.kind, OLD.verify_method, OLD.technology, OLD.hash_full, OLD.hash_u32,
      OLD.hash_w26, OLD.claimed_student_ref, OLD.score, OLD.direction_hint, OLD.device_time, OLD.device_index,
      OLD.received_at)
     IS DISTINCT FROM
     (NEW.gateway_id, NEW.store_id, NEW.seq, NEW.punch_id, NEW.boot_id, NEW.mono_ms, NEW.occurred_at,
      NEW.clock_state, NEW.device_id, NEW.kind, NEW.verify_method, NEW.technology, NEW.hash_full, NEW.hash_u32,
      NEW.hash_w26, NEW.claimed_student_ref, NEW.score, NEW.direction_hint, NEW.device_time, NEW.device_index,
      NEW.received_at)
  THEN
    RAISE EXCEPTION 'a punch is immutable; only its resolution may be recomputed'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER punch_immutable BEFORE UPDATE ON punch FOR EACH ROW EXECUTE FUNCTION keep_punch_evidence();
CREATE TRIGGER punch_kept BEFORE DELETE ON punch FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER clock_anchor_kept BEFORE UPDATE OR DELETE ON clock_anchor FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER gateway_event_kept BEFORE UPDATE OR DELETE ON gateway_event FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Rows that were settled without becoming evidence, kept whole for a human.
CREATE TABLE quarantine_row (
  gateway_id text NOT NULL,
  store_id uuid NOT NULL,
  seq bigint NOT NULL,
  kind text NOT NULL,
  code text NOT NULL,
  problem text NOT NULL,
  body jsonb NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  PRIMARY KEY (gateway_id, store_id, seq)
);

-- Whole messages that never counted: unsigned, wrongly signed, unreadable. Bounded per gateway by ingest.
CREATE TABLE quarantine_message (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Only claimed: the topic says so, nobody proved it.
  claimed_gateway_id text,
  topic text NOT NULL,
  code text NOT NULL,
  problem text NOT NULL,
  payload bytea NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX quarantine_message_claimed ON quarantine_message (claimed_gateway_id, received_at);

-- Timetable, class sessions, marks -----------------------------------------------------------------------

CREATE TABLE attendance_configuration (
  key text NOT NULL,
  value text NOT NULL,
  data_type text NOT NULL CHECK (data_type IN ('string', 'integer', 'float', 'boolean', 'json')),
  description text NOT NULL DEFAULT '',
  is_active boolean NOT NULL DEFAULT true,
  effective_from timestamptz NOT NULL DEFAULT '-infinity',
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (key, effective_from)
);

CREATE TABLE attendance_timetable_slot (
  id text PRIMARY KEY,
  academic_period_id text NOT NULL REFERENCES academic_period,
  section_id text NOT NULL REFERENCES section,
  course_code text NOT NULL REFERENCES course,
  faculty_code text NOT NULL REFERENCES faculty,
  room_id text NOT NULL REFERENCES room,
  -- 0 = Monday … 6 = Sunday, in the campus zone.
  day_of_week smallint NOT NULL CHECK (day_of_week BETWEEN 0 AND 6),
  start_time time NOT NULL,
  -- At or before start_time: the class ends on the next day (domain case 23).
  end_time time NOT NULL,
  slot_type text NOT NULL DEFAULT 'LECTURE' CHECK (slot_type IN ('LECTURE', 'LAB', 'TUTORIAL', 'SEMINAR')),
  is_active boolean NOT NULL DEFAULT true
);
CREATE INDEX attendance_timetable_slot_day ON attendance_timetable_slot (day_of_week) WHERE is_active;

CREATE TABLE attendance_session (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  timetable_slot_id text REFERENCES attendance_timetable_slot,
  academic_period_id text NOT NULL REFERENCES academic_period,
  section_id text NOT NULL REFERENCES section,
  course_code text NOT NULL REFERENCES course,
  faculty_code text NOT NULL REFERENCES faculty,
  room_id text NOT NULL REFERENCES room,
  -- Campus-local date of the start.
  scheduled_date date NOT NULL,
  start_at timestamptz NOT NULL,
  end_at timestamptz NOT NULL,
  actual_start_at timestamptz,
  actual_end_at timestamptz,
  status text NOT NULL DEFAULT 'scheduled'
    CHECK (status IN ('scheduled', 'open', 'closed', 'finalized', 'locked', 'cancelled', 'not_held')),
  auto_opened boolean NOT NULL DEFAULT false,
  auto_closed boolean NOT NULL DEFAULT false,
  -- The rules in force when the session was made: version and every limit, so that a later change never
  -- re-judges it silently.
  policy jsonb NOT NULL,
  -- Captures of a rostered student between these instants, in any room, are evidence to be judged for this
  -- session; some are then ignored with a reason that the student can read.
  reach_from timestamptz NOT NULL,
  reach_until timestamptz NOT NULL,
  notes text NOT NULL DEFAULT '',
  version integer NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (timetable_slot_id, scheduled_date),
  CHECK (start_at < end_at),
  CHECK (reach_from <= start_at AND end_at <= reach_until)
);
-- Ingest's way from a punch to the sessions it may concern.
CREATE INDEX attendance_session_reach ON attendance_session (section_id, reach_from);
CREATE INDEX attendance_session_list ON attendance_session (start_at, id);
CREATE INDEX attendance_session_room_time ON attendance_session (room_id, start_at);
CREATE INDEX attendance_session_section_date ON attendance_session (section_id, scheduled_date);
CREATE INDEX attendance_session_due ON attendance_session (status, start_at) WHERE status IN ('scheduled', 'open', 'closed');

-- Who was on the roster, as the session knew them when it opened.
CREATE TABLE attendance_student_snapshot (
  session_id uuid NOT NULL REFERENCES attendance_session,
  student_id uuid NOT NULL REFERENCES student,
  section_id text NOT NULL,
  roll_number text NOT NULL,
  full_name text NOT NULL,
  taken_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (session_id, student_id)
);

CREATE TABLE attendance_record (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  session_id uuid NOT NULL REFERENCES attendance_session,
  student_id uuid NOT NULL REFERENCES student,
  mark text NOT NULL CHECK (mark IN ('present', 'absent', 'late', 'excused', 'pending', 'not_required')),
  -- The capture that decided, in effective time; null where nothing was captured.
  marked_at timestamptz,
  source text NOT NULL CHECK (source IN ('manual', 'qr', 'biometric', 'rfid', 'offline', 'import', 'system')),
  reason text NOT NULL,
  -- Rule, limits and evidence used: enough to explain and to recompute the mark.
  derivation jsonb NOT NULL,
  version integer NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (session_id, student_id)
) WITH (fillfactor = 40); -- room for every mark of a page to change from pending in it, touching no index
CREATE INDEX attendance_record_student ON attendance_record (student_id, session_id);

-- Pairs whose evidence changed and whose mark must be judged again; written in the transaction that stored
-- the evidence, emptied by the judge. A pair may stand in it many times: a unique key would let ingest skip a
-- pair that the judge is just taking away, and that punch would never be judged.
CREATE TABLE judgement_todo (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  session_id uuid NOT NULL,
  student_id uuid NOT NULL
);

-- Counters per class session, changed together with the records they count.
CREATE TABLE session_tally (
  session_id uuid PRIMARY KEY REFERENCES attendance_session,
  present integer NOT NULL DEFAULT 0,
  late integer NOT NULL DEFAULT 0,
  absent integer NOT NULL DEFAULT 0,
  excused integer NOT NULL DEFAULT 0,
  pending integer NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE attendance_audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  entity_type text NOT NULL,
  entity_id text NOT NULL,
  action text NOT NULL,
  -- Null for the system itself.
  performed_by text,
  source text NOT NULL DEFAULT 'system',
  reason text NOT NULL DEFAULT '',
  before jsonb,
  after jsonb,
  session_id uuid,
  student_id uuid
);
CREATE INDEX attendance_audit_log_entity ON attendance_audit_log (entity_type, entity_id);
CREATE TRIGGER attendance_audit_log_append_only BEFORE UPDATE OR DELETE ON attendance_audit_log
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What a human has to look at.
CREATE TABLE exception_item (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  code text NOT NULL,
  message text NOT NULL,
  gateway_id text,
  session_id uuid,
  student_id uuid,
  detail jsonb NOT NULL DEFAULT '{}',
  resolved_at timestamptz
);
CREATE INDEX exception_item_open ON exception_item (at) WHERE resolved_at IS NULL;
-- Alarms about a gateway are raised at most once an hour: the look-up behind that.
CREATE INDEX exception_item_gateway ON exception_item (gateway_id, code, at) WHERE session_id IS NULL;
-- One open item per thing to look at, however often it is noticed.
CREATE UNIQUE INDEX exception_item_session_once ON exception_item (code, session_id, coalesce(student_id::text, ''))
  WHERE resolved_at IS NULL AND session_id IS NOT NULL;

-- When each periodic job last ran, by whichever replica.
CREATE TABLE job_run (
  name text PRIMARY KEY,
  started_at timestamptz NOT NULL,
  finished_at timestamptz,
  outcome text NOT NULL DEFAULT 'running' CHECK (outcome IN ('running', 'done', 'failed')),
  detail text NOT NULL DEFAULT ''
);
