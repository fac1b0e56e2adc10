-- Enrollment of fingers: asked for by an officer, carried out at a scanner, and the only way in which a template gets
-- here (domain F3, cases 115 and 116).

CREATE TABLE enrollment (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  student_id uuid NOT NULL REFERENCES student,
  -- In force when it began; it has to be still when a template comes.
  consent_id uuid NOT NULL REFERENCES consent,
  gateway_id text NOT NULL REFERENCES gateway,
  device_id text NOT NULL,
  fingers smallint[] NOT NULL CHECK (cardinality(fingers) BETWEEN 1 AND 4 AND fingers <@ '{1,2,3,4,5,6,7,8,9,10}'),
  state text NOT NULL DEFAULT 'requested'
    CHECK (state IN ('requested', 'running', 'done', 'failed', 'cancelled', 'expired')),
  -- Null: somebody at the command line of the gateway, who knew the id of the consent.
  requested_by uuid REFERENCES account,
  requested_at timestamptz NOT NULL,
  started_at timestamptz,
  ended_at timestamptz,
  -- From then on nothing is taken for it any more, whether or not that was noted.
  expires_at timestamptz NOT NULL,
  -- The latest of what the gateway told of it.
  progress jsonb,
  -- Why it ended, where that was not as it should.
  code text,
  message text,
  CHECK ((state IN ('requested', 'running')) = (ended_at IS NULL))
);
CREATE INDEX enrollment_student ON enrollment (student_id);
CREATE INDEX enrollment_consent ON enrollment (consent_id);
-- One at a time at a scanner, and for a person.
CREATE UNIQUE INDEX enrollment_live_device ON enrollment (gateway_id, device_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX enrollment_live_student ON enrollment (student_id) WHERE ended_at IS NULL;

-- Each capture, taken or not: never an image.
CREATE TABLE enrollment_capture (
  enrollment_id uuid NOT NULL REFERENCES enrollment ON DELETE CASCADE,
  number integer NOT NULL,
  at timestamptz NOT NULL,
  finger_position smallint NOT NULL,
  -- Null where it was not taken.
  impression smallint,
  -- Null where the module does not tell it.
  quality smallint CHECK (quality BETWEEN 0 AND 100),
  reasons text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (enrollment_id, number)
);

ALTER TABLE attendance_biometric_template
  ADD COLUMN enrollment_id uuid REFERENCES enrollment,
  -- Modules that build their own templates tell nothing of their quality.
  ALTER COLUMN quality_score DROP NOT NULL,
  -- Asked of the punches, which know it.
  DROP COLUMN last_used_at;
CREATE INDEX attendance_biometric_template_enrollment ON attendance_biometric_template (enrollment_id);

-- Scanners of two families, which do not understand each other's templates, can serve one campus.
DROP INDEX attendance_biometric_template_finger;
CREATE UNIQUE INDEX attendance_biometric_template_finger
  ON attendance_biometric_template (student_id, finger_position, format) WHERE state = 'active';
