/**
 * Which template lies in which slot of which fingerprint module. A row is written before the module is told to
 * take the template and removed after it has said that it is gone; without a student it means nobody.
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
