/**
 * Terminals keep a log of their own and send it again after every doubt. `device_log` holds a digest of each entry
 * that was ever kept, so that none is kept twice; `device_memory` what a driver remembers about its terminal, changed
 * in the transaction that keeps the entries; `device_rejected` the lines that could not be read, for a person.
 */
export const deviceStateMigration = `
CREATE TABLE device_memory (
  device_id TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (device_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  device_id TEXT NOT NULL,
  digest BLOB NOT NULL,
  UNIQUE (device_id, digest)
) STRICT;

CREATE TABLE device_rejected (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  device_id TEXT NOT NULL,
  at_wall_ms INTEGER NOT NULL,
  reason TEXT NOT NULL,
  line TEXT NOT NULL
) STRICT;
`;
