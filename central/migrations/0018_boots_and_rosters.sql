-- A boot of a gateway whose clock was never set and which ended without an anchor: a person says when it was (domain
-- case 88). What its own anchors say, should they still come, outranks it.
CREATE TABLE boot_placement (
  gateway_id text NOT NULL REFERENCES gateway,
  boot_id uuid NOT NULL,
  -- This position of its monotonic counter was at this instant.
  mono_ms bigint NOT NULL,
  wall_at timestamptz NOT NULL,
  reason text NOT NULL,
  set_at timestamptz NOT NULL,
  set_by uuid REFERENCES account,
  PRIMARY KEY (gateway_id, boot_id)
);

-- What a gateway has acknowledged by saying which roster is in force there (domain case 97).
ALTER TABLE gateway ADD COLUMN roster_version bigint NOT NULL DEFAULT 0;
-- The fingerprint templates that the document lists: asked at every acknowledgement, without reading the document.
ALTER TABLE gateway_roster ADD COLUMN template_ids uuid[] NOT NULL DEFAULT '{}';
