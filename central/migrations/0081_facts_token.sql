-- What a class session is to the judge is kept in memory under a token (ADR 63). Every change that may change what
-- central/src/marks/load-sessions.ts reads gives another one, whoever makes it, in the same transaction. Tokens are random
-- and not counted: after a rollback, a crash or a restored backup none comes a second time with something else behind it.

-- Null for what was made before, until it is changed: nobody keeps that.
ALTER TABLE attendance_session ADD COLUMN facts_token uuid;
ALTER TABLE attendance_session ALTER COLUMN facts_token SET DEFAULT gen_random_uuid();

CREATE FUNCTION renew_facts_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.facts_token := gen_random_uuid();
  RETURN NEW;
END $$;
CREATE TRIGGER attendance_session_facts BEFORE UPDATE ON attendance_session
  FOR EACH ROW EXECUTE FUNCTION renew_facts_token();

-- For what belongs to a class but stands in other rows. A class that has not opened is never kept: where this transaction has
-- written its row, nobody can open it before the end of it, and then it has another token. So making a semester writes
-- each class once.
-- Fits older replicas: the column is new, they never read it.
CREATE FUNCTION renew_facts_tokens(ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE attendance_session SET facts_token = DEFAULT
    WHERE id = ANY(ids) AND NOT (status = 'scheduled' AND xmin = pg_current_xact_id()::xid);
END $$;

CREATE FUNCTION listed_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM renew_facts_tokens(ARRAY(SELECT DISTINCT session_id FROM listed));
  RETURN NULL;
END $$;
CREATE FUNCTION relisted_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM renew_facts_tokens(ARRAY(SELECT session_id FROM unlisted UNION SELECT session_id FROM listed));
  RETURN NULL;
END $$;
CREATE TRIGGER session_section_added AFTER INSERT ON session_section
  REFERENCING NEW TABLE AS listed FOR EACH STATEMENT EXECUTE FUNCTION listed_of_session();
CREATE TRIGGER session_section_removed AFTER DELETE ON session_section
  REFERENCING OLD TABLE AS listed FOR EACH STATEMENT EXECUTE FUNCTION listed_of_session();
CREATE TRIGGER session_section_changed AFTER UPDATE ON session_section
  REFERENCING OLD TABLE AS unlisted NEW TABLE AS listed FOR EACH STATEMENT EXECUTE FUNCTION relisted_of_session();
CREATE TRIGGER session_room_added AFTER INSERT ON session_room
  REFERENCING NEW TABLE AS listed FOR EACH STATEMENT EXECUTE FUNCTION listed_of_session();
CREATE TRIGGER session_room_removed AFTER DELETE ON session_room
  REFERENCING OLD TABLE AS listed FOR EACH STATEMENT EXECUTE FUNCTION listed_of_session();
CREATE TRIGGER session_room_changed AFTER UPDATE ON session_room
  REFERENCING OLD TABLE AS unlisted NEW TABLE AS listed FOR EACH STATEMENT EXECUTE FUNCTION relisted_of_session();

CREATE FUNCTION guest_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM renew_facts_tokens(ARRAY[OLD.counts_for_session_id, NEW.counts_for_session_id]);
  RETURN NULL;
END $$;
CREATE TRIGGER session_guest_facts AFTER INSERT OR UPDATE OR DELETE ON session_guest
  FOR EACH ROW EXECUTE FUNCTION guest_of_session();

-- For what many classes have in common and hardly ever changes. Whoever changes holidays holds classes as well, for long:
-- that must not hold up who changes a device, and what the device reports meanwhile.
CREATE TABLE facts_epoch (
  subject text PRIMARY KEY CHECK (subject IN ('campus', 'holidays')),
  token uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO facts_epoch (subject) VALUES ('campus'), ('holidays');

-- With the owner's rights: a replica of the version before has none on a table that is new to it.
CREATE FUNCTION renew_facts_epoch() RETURNS trigger LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE facts_epoch SET token = gen_random_uuid() WHERE subject = TG_ARGV[0];
  RETURN NULL;
END $$;
CREATE TRIGGER campus_facts AFTER UPDATE OF zone ON campus
  FOR EACH STATEMENT EXECUTE FUNCTION renew_facts_epoch('campus');
CREATE TRIGGER academic_period_facts AFTER UPDATE OF campus_id ON academic_period
  FOR EACH STATEMENT EXECUTE FUNCTION renew_facts_epoch('campus');
CREATE TRIGGER room_facts AFTER UPDATE OF capture_mode ON room
  FOR EACH STATEMENT EXECUTE FUNCTION renew_facts_epoch('campus');
-- Not what a device reports of itself, every minute.
CREATE TRIGGER attendance_biometric_device_facts
  AFTER INSERT OR DELETE OR UPDATE OF room_id, direction, device_type, is_enabled ON attendance_biometric_device
  FOR EACH STATEMENT EXECUTE FUNCTION renew_facts_epoch('campus');
CREATE TRIGGER attendance_holiday_facts AFTER INSERT OR UPDATE OR DELETE ON attendance_holiday
  FOR EACH STATEMENT EXECUTE FUNCTION renew_facts_epoch('holidays');
