-- Punches by the month in which central received them; evidence that waits for a person; measured clocks.

DROP INDEX punch_id_key, punch_student_time, punch_unsettled, punch_unknown_full, punch_unknown_u32, punch_unknown_w26,
  punch_received;
ALTER TABLE punch RENAME TO punch_unpartitioned;
ALTER TABLE punch_unpartitioned RENAME CONSTRAINT punch_pkey TO punch_unpartitioned_pkey;

-- Evidence that arrived so late that a person decides whether it counts, class by class (domain case 81).
CREATE TABLE review_batch (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  gateway_id text NOT NULL REFERENCES gateway,
  opened_at timestamptz NOT NULL,
  events integer NOT NULL DEFAULT 0,
  first_at timestamptz,
  last_at timestamptz,
  closed_at timestamptz
);
CREATE INDEX review_batch_open ON review_batch (gateway_id, opened_at) WHERE closed_at IS NULL;
CREATE TABLE review_batch_session (
  batch_id uuid NOT NULL REFERENCES review_batch ON DELETE CASCADE,
  session_id uuid NOT NULL REFERENCES attendance_session ON DELETE CASCADE,
  events integer NOT NULL,
  decision text CHECK (decision IN ('accepted', 'refused')),
  reason text NOT NULL DEFAULT '',
  decided_by uuid REFERENCES account,
  decided_at timestamptz,
  PRIMARY KEY (batch_id, session_id),
  CHECK ((decision IS NULL) = (decided_at IS NULL))
);
-- A class session is not finalized while one of these is undecided.
CREATE INDEX review_batch_session_undecided ON review_batch_session (session_id) WHERE decision IS NULL;

CREATE TABLE punch (
  LIKE punch_unpartitioned INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
  -- First of the month of received_at in UTC, written by ingest: a generated column cannot be a partition key.
  received_month date NOT NULL,
  -- Held: counts only for class sessions for which this batch was accepted.
  review_batch_id uuid,
  PRIMARY KEY (gateway_id, store_id, seq, received_month),
  CONSTRAINT punch_received_in_month CHECK (received_month = date_trunc('month', received_at AT TIME ZONE 'UTC')::date)
) PARTITION BY RANGE (received_month);

-- Within a month; over months ingest asks the older ones for ids that are older than the month.
CREATE UNIQUE INDEX punch_id_key ON punch (punch_id, received_month);
-- Everything one student did around one class session: the only read that judging needs.
CREATE INDEX punch_student_time ON punch (student_id, effective_at) WHERE student_id IS NOT NULL;
CREATE INDEX punch_unsettled ON punch (gateway_id, boot_id, mono_ms) WHERE clock_state <> 'synced';
-- Replays when the office assigns an unknown card (domain case 91).
CREATE INDEX punch_unknown_full ON punch (hash_full) WHERE outcome = 'unknown' AND hash_full IS NOT NULL;
CREATE INDEX punch_unknown_u32 ON punch (hash_u32) WHERE outcome = 'unknown' AND hash_u32 IS NOT NULL;
CREATE INDEX punch_unknown_w26 ON punch (hash_w26) WHERE outcome = 'unknown' AND hash_w26 IS NOT NULL;
CREATE INDEX punch_received ON punch (received_at DESC, punch_id DESC);
-- What a person has to look at, and nothing else: both are empty on a good day.
CREATE INDEX punch_time_unknown ON punch (gateway_id, received_at) WHERE outcome = 'time_unknown';
CREATE INDEX punch_held ON punch (review_batch_id) WHERE review_batch_id IS NOT NULL;

-- Whatever month nobody prepared lands here and is moved when its partition is made.
CREATE TABLE punch_default PARTITION OF punch DEFAULT;

-- Makes the partition of one month if there is none. The caller holds the lock of this work.
CREATE FUNCTION make_punch_partition(month date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  first_day date := date_trunc('month', month)::date;
  next_day date := (date_trunc('month', month) + interval '1 month')::date;
  partition text := 'punch_' || to_char(first_day, 'YYYY_MM');
  has_rows boolean;
BEGIN
  IF to_regclass(partition) IS NOT NULL THEN RETURN false; END IF;
  SELECT EXISTS (SELECT FROM punch_default WHERE received_month = first_day) INTO has_rows;
  -- Apart from its parent the default partition has no triggers that keep its rows.
  IF has_rows THEN ALTER TABLE punch DETACH PARTITION punch_default; END IF;
  EXECUTE format('CREATE TABLE %I PARTITION OF punch FOR VALUES FROM (%L) TO (%L)', partition, first_day, next_day);
  IF has_rows THEN
    EXECUTE format('INSERT INTO %I SELECT * FROM punch_default WHERE received_month = %L', partition, first_day);
    DELETE FROM punch_default WHERE received_month = first_day;
    ALTER TABLE punch ATTACH PARTITION punch_default DEFAULT;
  END IF;
  RETURN true;
END $$;

SELECT make_punch_partition(month::date) FROM generate_series(
  date_trunc('month', coalesce((SELECT min(received_at) FROM punch_unpartitioned), now()) AT TIME ZONE 'UTC'),
  date_trunc('month', now() AT TIME ZONE 'UTC') + interval '3 months', interval '1 month') AS month;

INSERT INTO punch
  SELECT *, date_trunc('month', received_at AT TIME ZONE 'UTC')::date, NULL FROM punch_unpartitioned;
DROP TABLE punch_unpartitioned;

CREATE TRIGGER punch_immutable BEFORE UPDATE ON punch FOR EACH ROW EXECUTE FUNCTION keep_punch_evidence();
CREATE TRIGGER punch_kept BEFORE DELETE ON punch FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- How far a gateway's clock was ahead although it believed itself synced; in its own wall time (domain case 87).
CREATE TABLE gateway_clock_offset (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  gateway_id text NOT NULL REFERENCES gateway,
  during tstzrange NOT NULL CHECK (NOT isempty(during)),
  -- Positive: the gateway is ahead.
  offset_ms bigint NOT NULL CHECK (offset_ms BETWEEN -2678400000 AND 2678400000),
  source text NOT NULL CHECK (source IN ('heartbeat', 'person')),
  reason text NOT NULL DEFAULT '',
  set_at timestamptz NOT NULL,
  set_by uuid REFERENCES account,
  CONSTRAINT gateway_clock_offset_once EXCLUDE USING gist (gateway_id WITH =, during WITH &&)
);

ALTER TABLE gateway
  -- What the last heartbeats say of its clock, newest first: [{"as_of", "ahead_ms"}].
  ADD COLUMN clock_readings jsonb NOT NULL DEFAULT '[]',
  -- Stolen or lost: its keys and its login are worthless from then on (domain cases 84, 94).
  ADD COLUMN revoked_at timestamptz,
  ADD COLUMN revoked_reason text NOT NULL DEFAULT '';

-- Ingest asks at every punch whether its student is a guest somewhere.
