-- Evidence besides punches: QR scans and what people decided.

-- A person's word on one mark (domain D0, precedence 2, 3 and 6). Never changed, only withdrawn.
CREATE TABLE decision (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  session_id uuid NOT NULL REFERENCES attendance_session,
  student_id uuid NOT NULL REFERENCES student,
  -- explicit: about this student, with a reason. bulk: everybody without evidence. offline: taken on a phone
  -- without a network. import: from a file. correction: an approved request. confirm: a faculty member
  -- confirms what evidence alone leaves open.
  kind text NOT NULL CHECK (kind IN ('explicit', 'bulk', 'offline', 'import', 'correction', 'confirm')),
  mark text NOT NULL CHECK (mark IN ('present', 'absent', 'late', 'excused')),
  reason text NOT NULL DEFAULT '',
  source text NOT NULL CHECK (source IN ('manual', 'qr', 'biometric', 'rfid', 'offline', 'import', 'system')),
  -- When the person decided, which for an offline row is before central heard of it.
  decided_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  decided_by uuid REFERENCES account,
  -- Set by the phone that made it offline: the same one twice is one decision (domain A1.7).
  client_uuid uuid,
  -- A reader of the room was down then: not counted as a manual habit (domain case 33).
  is_device_outage boolean NOT NULL DEFAULT false,
  -- Decisions of one call, to be undone together.
  call_id uuid,
  withdrawn_at timestamptz,
  withdrawn_by uuid REFERENCES account
);
CREATE INDEX decision_pair ON decision (session_id, student_id);
CREATE UNIQUE INDEX decision_client ON decision (client_uuid) WHERE client_uuid IS NOT NULL;
CREATE INDEX decision_by ON decision (decided_by, decided_at);

-- Rows of an offline sync that were not applied at once, with why (domain cases 82, 83).
CREATE TABLE offline_row (
  client_uuid uuid PRIMARY KEY,
  session_id uuid NOT NULL,
  student_id uuid NOT NULL,
  mark text NOT NULL CHECK (mark IN ('present', 'absent', 'late', 'excused')),
  captured_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  submitted_by uuid REFERENCES account,
  outcome text NOT NULL CHECK (outcome IN ('applied', 'review', 'refused', 'accepted', 'rejected')),
  code text NOT NULL DEFAULT '',
  decided_by uuid REFERENCES account,
  decided_at timestamptz
);
CREATE INDEX offline_row_review ON offline_row (session_id) WHERE outcome = 'review';

-- A student's scan of the code on the screen. Accepted ones are captures; refused ones are kept for patterns.
CREATE TABLE qr_scan (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  session_id uuid NOT NULL REFERENCES attendance_session,
  student_id uuid NOT NULL REFERENCES student,
  scanned_at timestamptz NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('accepted', 'unverified', 'refused')),
  code text NOT NULL DEFAULT '',
  -- Keyed hash of the bound device; never the identifier itself.
  device_hash bytea,
  -- Location is kept as a band only (domain F3).
  place text NOT NULL DEFAULT 'none' CHECK (place IN ('none', 'inside', 'near', 'far', 'stale', 'inaccurate', 'mock')),
  on_campus_network boolean NOT NULL DEFAULT false,
  ip_address text
);
CREATE INDEX qr_scan_pair ON qr_scan (student_id, session_id) WHERE outcome <> 'refused';
-- One device, one person, one class session (domain case 104).
CREATE UNIQUE INDEX qr_scan_device_once ON qr_scan (session_id, device_hash)
  WHERE outcome <> 'refused' AND device_hash IS NOT NULL;
CREATE UNIQUE INDEX qr_scan_student_once ON qr_scan (session_id, student_id) WHERE outcome <> 'refused';

CREATE TABLE device_binding (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  student_id uuid NOT NULL REFERENCES student,
  device_hash bytea NOT NULL CHECK (octet_length(device_hash) = 32),
  bound_at timestamptz NOT NULL,
  bound_by text NOT NULL CHECK (bound_by IN ('first_use', 'otp', 'office')),
  academic_period_id text,
  ended_at timestamptz
);
CREATE UNIQUE INDEX device_binding_live ON device_binding (student_id) WHERE ended_at IS NULL;
CREATE INDEX device_binding_device ON device_binding (device_hash) WHERE ended_at IS NULL;

-- A phone shared by two, allowed by faculty for one class session, with a reason (domain case 104).
CREATE TABLE shared_device_exception (
  session_id uuid NOT NULL REFERENCES attendance_session ON DELETE CASCADE,
  student_id uuid NOT NULL REFERENCES student,
  reason text NOT NULL,
  allowed_by uuid REFERENCES account,
  allowed_at timestamptz NOT NULL,
  PRIMARY KEY (session_id, student_id)
);

-- Stays of a student in a room, paired from captures where exits are captured (domain D3).
CREATE TABLE presence_interval (
  session_id uuid NOT NULL REFERENCES attendance_session ON DELETE CASCADE,
  student_id uuid NOT NULL REFERENCES student,
  room_id text NOT NULL,
  entered_at timestamptz NOT NULL,
  left_at timestamptz NOT NULL,
  is_exit_assumed boolean NOT NULL DEFAULT false,
  PRIMARY KEY (session_id, student_id, entered_at),
  CHECK (entered_at <= left_at)
);

-- Which evidence a record rests on: read from its derivation, so that it can never differ from the explanation.
CREATE VIEW record_evidence AS
  SELECT r.id AS record_id, r.session_id, r.student_id, used->>'kind' AS kind, (used->>'punch_id')::uuid AS evidence_id
  FROM attendance_record r CROSS JOIN LATERAL jsonb_array_elements(r.derivation->'used') AS used
  UNION ALL
  SELECT r.id, r.session_id, r.student_id, 'decision', decision_id::uuid
  FROM attendance_record r CROSS JOIN LATERAL jsonb_array_elements_text(r.derivation->'decisions') AS decision_id;

-- Searched by what they hold; marks are not: an index over derivations would be paid for by every mark.
CREATE INDEX gateway_event_detail ON gateway_event USING gin (detail jsonb_path_ops);
CREATE INDEX quarantine_row_body ON quarantine_row USING gin (body jsonb_path_ops);
CREATE INDEX exception_item_detail ON exception_item USING gin (detail jsonb_path_ops);

-- Cards that always come together, phones that always scan together: patterns, never punishment (case 112).
CREATE TABLE pair_pattern (
  student_a uuid NOT NULL REFERENCES student,
  student_b uuid NOT NULL REFERENCES student,
  session_id uuid NOT NULL REFERENCES attendance_session ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('cards_together', 'same_device')),
  PRIMARY KEY (student_a, student_b, session_id, kind),
  CHECK (student_a < student_b)
);
