-- Students without usable fingers (domain case 118): what stands in for the finger, and from when until when. Why nobody
-- is told here: a reason would be about a person's health.

CREATE TABLE finger_exemption (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  student_id uuid NOT NULL REFERENCES student,
  -- card_pin: a card with its PIN; faculty: the word of the faculty member.
  way text NOT NULL CHECK (way IN ('card_pin', 'faculty')),
  valid_from date NOT NULL,
  -- The day after its last; the same day: it was a mistake and never held. Null: no end.
  valid_until date,
  granted_by uuid REFERENCES account,
  granted_at timestamptz NOT NULL,
  ended_by uuid REFERENCES account,
  ended_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  CHECK (valid_from <= valid_until),
  EXCLUDE USING gist (student_id WITH =, daterange(valid_from, valid_until) WITH &&)
    WHERE (NOT isempty(daterange(valid_from, valid_until)))
);
CREATE INDEX finger_exemption_student ON finger_exemption (student_id);
