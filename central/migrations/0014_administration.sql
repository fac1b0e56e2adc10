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
