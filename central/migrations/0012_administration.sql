-- What administration over HTTP needs of the masters: a version and a time of change everywhere.

ALTER TABLE building_walk ADD COLUMN version integer NOT NULL DEFAULT 1,
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE roster_membership ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE gateway ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE attendance_biometric_device ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE credential ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();

-- A date of birth is contact data: sealed, never readable in a dump (domain F3).
ALTER TABLE student DROP COLUMN date_of_birth, ADD COLUMN date_of_birth_sealed bytea;

-- The order of the alphabet that programs have, whatever the language of the server is.
ALTER TABLE building_walk DROP CONSTRAINT building_walk_check,
  ADD CONSTRAINT building_walk_order CHECK (building_a COLLATE "C" < building_b COLLATE "C");

-- No template without a consent that is live, for fingers, and of that very student; whoever inserts (domain F3).
CREATE FUNCTION require_fingerprint_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM consent c WHERE c.id = NEW.consent_id AND c.student_id = NEW.student_id
                   AND c.purpose = 'fingerprint' AND c.revoked_at IS NULL) THEN
    RAISE EXCEPTION 'student % has no live consent for fingerprints', NEW.student_id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER attendance_biometric_template_consent BEFORE INSERT ON attendance_biometric_template
  FOR EACH ROW EXECUTE FUNCTION require_fingerprint_consent();
