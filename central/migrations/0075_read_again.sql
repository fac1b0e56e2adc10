-- What an older central could not read is read again by a newer one (domain case 163, ADR 60). A reading is a name for
-- what one version of central understands; each reading tries each of these once.
ALTER TABLE quarantine_row ADD COLUMN read_by text[] NOT NULL DEFAULT '{}';
ALTER TABLE quarantine_message ADD COLUMN read_by text[] NOT NULL DEFAULT '{}';
ALTER TABLE quarantine_message ADD COLUMN resolved_at timestamptz;

CREATE INDEX quarantine_row_unread ON quarantine_row (gateway_id, received_at)
  WHERE code = 'ROW_INVALID' AND resolved_at IS NULL;
CREATE INDEX quarantine_message_unread ON quarantine_message (id)
  WHERE code IN ('BATCH_INVALID', 'SCHEMA_VERSION_UNSUPPORTED') AND resolved_at IS NULL;

-- A central that does not know this migration cannot work on this schema any more; one that does can, whatever came after
-- it (ADR 61). A migration that takes something away writes its own name here.
CREATE TABLE schema_floor (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  name text NOT NULL
);
INSERT INTO schema_floor (name) VALUES ('0075_read_again.sql');
