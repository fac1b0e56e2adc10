/**
 * Credentials of the roster. Several versions may lie here while one is being written; the one in force is
 * named in `meta`, so that it changes in one small transaction however long the roster is.
 */
export const rosterMigration = `
CREATE TABLE roster_credential (
  credential_id INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  student_ref TEXT NOT NULL,
  technology TEXT NOT NULL,
  state TEXT NOT NULL,
  valid_from_ms INTEGER NOT NULL,
  valid_to_ms INTEGER
) STRICT;
CREATE INDEX roster_credential_version ON roster_credential (version);

CREATE TABLE roster_hash (
  credential_id INTEGER NOT NULL REFERENCES roster_credential (credential_id) ON DELETE CASCADE,
  projection TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (credential_id, projection)
) STRICT, WITHOUT ROWID;
CREATE INDEX roster_hash_lookup ON roster_hash (hash, projection);
`;
