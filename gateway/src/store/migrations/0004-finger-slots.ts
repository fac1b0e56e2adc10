/**
 * Which template lies in which slot of which fingerprint module. A row is written after the module has the template
 * and removed after it has not: what a crash leaves behind is a slot that nobody knows, and such slots are emptied.
 */
export const fingerSlotsMigration = `
CREATE TABLE finger_slot (
  sensor TEXT NOT NULL,
  slot INTEGER NOT NULL,
  template_id TEXT NOT NULL,
  student_ref TEXT NOT NULL,
  PRIMARY KEY (sensor, slot),
  UNIQUE (sensor, template_id)
) STRICT, WITHOUT ROWID;
`;
