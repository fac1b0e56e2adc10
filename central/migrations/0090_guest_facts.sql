-- Also of the class that a guest visits: whether it counts them is a question of who was let in (cases 18 and 60).
-- Fits older replicas: a class more is read again.
CREATE OR REPLACE FUNCTION guest_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM renew_facts_tokens(ARRAY[OLD.counts_for_session_id, NEW.counts_for_session_id, OLD.session_id, NEW.session_id]);
  RETURN NULL;
END $$;
