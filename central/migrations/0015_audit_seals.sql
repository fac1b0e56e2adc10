-- The audit log as a chain of seals that a person with every right in the database cannot forge (domain case 159).

ALTER TABLE audit_seal
  -- Which key outside the database `hash` was made with.
  ADD COLUMN key_id text NOT NULL,
  -- Per row, in order: id (8 bytes, big endian) and SHA-256 of its contents (32 bytes). Names the row that was
  -- changed, and keeps the chain whole after retention has removed rows.
  ADD COLUMN leaves bytea NOT NULL,
  ADD CHECK (octet_length(leaves) = 40 * rows_sealed);
CREATE INDEX audit_seal_day ON audit_seal (day);
-- Hashes do not get smaller: trying costs time with every seal.
ALTER TABLE audit_seal ALTER COLUMN leaves SET STORAGE EXTERNAL;

-- What retention removed: the only gaps that a verification accepts, and only with the keyed hash of central.
CREATE TABLE audit_tombstone (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  seal_id bigint NOT NULL REFERENCES audit_seal,
  removed_ids bigint[] NOT NULL CHECK (cardinality(removed_ids) > 0),
  -- Rows of this age and older had to go: campus-local, not included.
  before_day date NOT NULL,
  removed_at timestamptz NOT NULL,
  key_id text NOT NULL,
  mac bytea NOT NULL CHECK (octet_length(mac) = 32)
);
CREATE INDEX audit_tombstone_seal ON audit_tombstone (seal_id);
CREATE TRIGGER audit_tombstone_append_only BEFORE UPDATE OR DELETE ON audit_tombstone
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Whether what an audit row explains is still there, whichever table it is in. Tables are named by the code.
CREATE FUNCTION audit_subject_exists(entity_type text, entity_id text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  subject regclass := to_regclass(quote_ident(entity_type));
  key_column name;
  is_there boolean;
BEGIN
  SELECT a.attname INTO key_column FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = subject AND i.indisprimary AND i.indnkeyatts = 1;
  IF key_column IS NULL THEN RETURN false; END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I::text = $1)', subject, key_column) INTO is_there USING entity_id;
  RETURN is_there;
END $$;

-- A mark that is judged again within a request was changed by whoever asked for it (domain case 158, A10.20).
ALTER TABLE attendance_audit_log
  ALTER COLUMN performed_by SET DEFAULT nullif(current_setting('rollcall.account_id', true), '');

CREATE FUNCTION keep_audit_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('rollcall.expiring_audit', true) = 'on' THEN RETURN OLD; END IF;
  RAISE EXCEPTION '% on % is not allowed: its rows are immutable evidence', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
DROP TRIGGER attendance_audit_log_append_only ON attendance_audit_log;
CREATE TRIGGER attendance_audit_log_append_only BEFORE UPDATE OR DELETE ON attendance_audit_log
  FOR EACH ROW EXECUTE FUNCTION keep_audit_row();

-- The only way in which sealed audit rows go: old enough, and nothing left that they explain. It runs with the
-- rights of its owner, so that the role of central needs none to delete (docs/operations.md).
CREATE FUNCTION expire_audit(seal bigint, before_day date) RETURNS bigint[] LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  sealed audit_seal%ROWTYPE;
  after_transaction xid8;
  after_id bigint;
  removed bigint[];
BEGIN
  IF before_day > (now() - interval '3 years')::date THEN
    RAISE EXCEPTION 'audit rows are kept for three years at least' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  SELECT * INTO STRICT sealed FROM audit_seal WHERE id = seal AND day < before_day;
  SELECT through_transaction, through_id INTO after_transaction, after_id FROM audit_seal WHERE id < seal ORDER BY id DESC LIMIT 1;
  PERFORM set_config('rollcall.expiring_audit', 'on', true);
  WITH gone AS (
    DELETE FROM attendance_audit_log a
    WHERE (a.transaction_id, a.id) <= (sealed.through_transaction, sealed.through_id)
      AND (after_id IS NULL OR (a.transaction_id, a.id) > (after_transaction, after_id))
      AND a.at < before_day
      AND NOT audit_subject_exists(a.entity_type, a.entity_id)
      AND NOT EXISTS (SELECT FROM attendance_session s WHERE s.id = a.session_id)
    RETURNING a.id)
  SELECT array_agg(id ORDER BY id) INTO removed FROM gone;
  PERFORM set_config('rollcall.expiring_audit', 'off', true);
  RETURN coalesce(removed, '{}');
END $$;
REVOKE ALL ON FUNCTION expire_audit(bigint, date) FROM PUBLIC;

-- So that central can run with a role that owns no table.
ALTER FUNCTION make_punch_partition(date) SECURITY DEFINER SET search_path = public, pg_temp;
REVOKE ALL ON FUNCTION make_punch_partition(date) FROM PUBLIC;
