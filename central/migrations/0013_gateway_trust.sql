-- How far a gateway is believed: decisions about late evidence, measured clocks, suspension.

ALTER TABLE review_batch
  ADD COLUMN version integer NOT NULL DEFAULT 1,
  -- Somebody has begun to decide: from then on the batch takes nothing that they have not seen.
  ADD COLUMN deciding_at timestamptz,
  -- Also about an identity in doubt: nothing leaves it without a person.
  ADD COLUMN is_in_doubt boolean NOT NULL DEFAULT false;

-- Two machines use its identity: what it sends is kept and acknowledged, and counts once a person has accepted it
-- (domain case 95).
ALTER TABLE gateway
  ADD COLUMN suspended_at timestamptz,
  ADD COLUMN suspended_reason text NOT NULL DEFAULT '';

-- A measured offset holds for a piece of one boot: wall time alone would be two instants where a clock went back.
-- What a person says holds for wall time, over boots.
ALTER TABLE gateway_clock_offset
  ADD COLUMN boot_id uuid,
  ADD COLUMN from_mono_ms bigint,
  ADD COLUMN until_mono_ms bigint,
  ADD CHECK ((boot_id IS NULL) = (from_mono_ms IS NULL)),
  ADD CHECK ((source = 'heartbeat') = (boot_id IS NOT NULL)),
  DROP CONSTRAINT gateway_clock_offset_once,
  ADD CONSTRAINT gateway_clock_offset_once EXCLUDE USING gist (
    gateway_id WITH =, coalesce(boot_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =, during WITH &&,
    int8range(coalesce(from_mono_ms, 0), until_mono_ms) WITH &&);

-- A clock that says a year before this project is not set, whatever it says about itself (domain case 88).
DROP INDEX punch_unsettled;
CREATE INDEX punch_unsettled ON punch (gateway_id, boot_id, mono_ms)
  WHERE clock_state <> 'synced' OR occurred_at < '2020-01-01 00:00:00+00';
DROP INDEX clock_anchor_boot;
CREATE INDEX clock_anchor_boot ON clock_anchor (gateway_id, boot_id, mono_ms)
  WHERE clock_state = 'synced' AND wall_at >= '2020-01-01 00:00:00+00';

-- Rows from the future, which wait until the offset of their clock is known (domain case 87).
CREATE INDEX quarantine_row_future ON quarantine_row (gateway_id) WHERE code = 'TIME_IN_FUTURE' AND resolved_at IS NULL;
