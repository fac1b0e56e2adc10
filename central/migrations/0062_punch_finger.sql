-- Which finger it was, as evidence of a punch: where gateways say it (ISO/IEC 19794-2 position, never a template).

ALTER TABLE punch ADD COLUMN finger_position smallint CHECK (finger_position BETWEEN 1 AND 10);
-- When a finger was last used. Only punches that say their finger are in it: taps of cards do not pay for it.
CREATE INDEX punch_student_finger ON punch (student_id, finger_position, effective_at) WHERE finger_position IS NOT NULL;

CREATE OR REPLACE FUNCTION keep_punch_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.gateway_id, OLD.store_id, OLD.seq, OLD.punch_id, OLD.boot_id, OLD.mono_ms, OLD.occurred_at,
      OLD.clock_state, OLD.device_id, OLD.kind, OLD.verify_method, OLD.technology, OLD.hash_full, OLD.hash_u32,
      OLD.hash_w26, OLD.claimed_student_ref, OLD.score, OLD.finger_position, OLD.direction_hint, OLD.device_time,
      OLD.device_index, OLD.received_at)
     IS DISTINCT FROM
     (NEW.gateway_id, NEW.store_id, NEW.seq, NEW.punch_id, NEW.boot_id, NEW.mono_ms, NEW.occurred_at,
      NEW.clock_state, NEW.device_id, NEW.kind, NEW.verify_method, NEW.technology, NEW.hash_full, NEW.hash_u32,
      NEW.hash_w26, NEW.claimed_student_ref, NEW.score, NEW.finger_position, NEW.direction_hint, NEW.device_time,
      NEW.device_index, NEW.received_at)
  THEN
    RAISE EXCEPTION 'a punch is immutable; only its resolution may be recomputed'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
