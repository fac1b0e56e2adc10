-- Answers to repeated writes: sealed, fenced by a claim, and exact about whether the work was committed.

-- Nothing has written to this table yet.
DELETE FROM idempotent_answer;
ALTER TABLE idempotent_answer
  DROP COLUMN headers,
  DROP COLUMN body,
  ADD CHECK (octet_length(request_sha256) = 32),
  -- Whoever runs the request; a claim that was taken over can no longer commit.
  ADD COLUMN claim uuid NOT NULL,
  -- Set in the transaction of the work itself: says also after a crash whether it was done.
  ADD COLUMN committed_at timestamptz,
  -- {"headers", "body"}: answers carry names, marks and codes (AES-256-GCM, key outside the database).
  ADD COLUMN answer_sealed bytea,
  ADD CHECK (status IS NOT NULL OR answer_sealed IS NULL);
