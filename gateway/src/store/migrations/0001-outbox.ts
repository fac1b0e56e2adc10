/**
 * The outbox holds one row for everything that travels to central. AUTOINCREMENT keeps the highest `seq` ever
 * given inside the transaction that gave it: pruned rows do not free their numbers, and a transaction that
 * fails burns none. How far central has committed is one number in `meta`, not a flag per row: marking ten
 * thousand rows then costs the same as marking one.
 */
export const outboxMigration = `
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('punch', 'anchor', 'event')),
  body TEXT NOT NULL,
  created_wall_ms INTEGER NOT NULL
) STRICT;

-- When rows were acked, by the hour: retention counts from the ack. Hour -1 holds acks that came while the
-- wall clock could not be believed.
CREATE TABLE ack_mark (
  acked_hour INTEGER PRIMARY KEY,
  through_seq INTEGER NOT NULL
) STRICT;
`;
