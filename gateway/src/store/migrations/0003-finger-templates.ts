/** Fingerprint templates of the roster, sealed: their key is not in this database (design §1, promise 3). */
export const fingerTemplatesMigration = `
CREATE TABLE finger_template (
  template_id TEXT PRIMARY KEY,
  student_ref TEXT NOT NULL,
  finger_position INTEGER NOT NULL,
  format TEXT NOT NULL,
  sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX finger_template_student ON finger_template (student_ref);
`;
