-- How a person answered what central asked.
ALTER TABLE exception_item
  ADD COLUMN resolved_by uuid REFERENCES account,
  -- What was decided; empty where the item resolved itself.
  ADD COLUMN decision text NOT NULL DEFAULT '',
  ADD COLUMN decision_reason text NOT NULL DEFAULT '';
-- What a person has answered is not asked again in the same words.
CREATE INDEX exception_item_answered ON exception_item (session_id, code) WHERE resolved_by IS NOT NULL;
CREATE INDEX exception_item_list ON exception_item (at DESC, id DESC);
CREATE INDEX notification_list ON notification (account_id, created_at DESC, id DESC);
DROP INDEX notification_account;
