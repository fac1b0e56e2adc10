/**
 * Whom each terminal was told to know, by the name of the terminal. A row is written before the terminal is told and
 * removed after it has said that the user or the finger is gone; `is_held` once it has said that it has it.
 */
export const terminalPeopleMigration = `
CREATE TABLE terminal_user (
  terminal TEXT NOT NULL,
  user_id TEXT NOT NULL,
  is_held INTEGER NOT NULL,
  PRIMARY KEY (terminal, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE terminal_finger (
  terminal TEXT NOT NULL,
  user_id TEXT NOT NULL,
  finger_position INTEGER NOT NULL,
  template_id TEXT NOT NULL,
  is_held INTEGER NOT NULL,
  PRIMARY KEY (terminal, user_id, finger_position)
) STRICT, WITHOUT ROWID;
`;
