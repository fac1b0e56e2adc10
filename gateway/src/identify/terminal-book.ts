import type { Database, Statement } from '../store/open.js';

/** A finger that is to go, and that no roster ever listed. */
export const UNWANTED = '';

export interface BookedUser {
  userId: string;
  /** The terminal has said that it has him. */
  isHeld: boolean;
}

export interface BookedFinger {
  userId: string;
  fingerPosition: number;
  templateId: string;
  isHeld: boolean;
}

interface Row {
  user_id: string;
  finger_position: number;
  template_id: string;
  is_held: number;
}

/**
 * Whom each terminal was told to know, and which template of whom, by the name of the terminal; as {@link FingerSlots}
 * does for modules. What is in it may be in the terminal; what is held certainly is, unless it was reset.
 */
export class TerminalBook {
  readonly #db: Database;
  readonly #users: Statement;
  readonly #hasUser: Statement;
  readonly #fingers: Statement;
  readonly #finger: Statement;
  readonly #putUser: Statement;
  readonly #putFinger: Statement;
  readonly #removeUser: Statement;
  readonly #removeFingers: Statement;
  readonly #removeFinger: Statement;
  readonly #templates: Statement;
  readonly #terminals: Statement;

  constructor(db: Database) {
    this.#db = db;
    this.#users = db.prepare(
      'SELECT user_id, is_held FROM terminal_user WHERE terminal = ? ORDER BY user_id',
    );
    this.#hasUser = db.prepare('SELECT 1 FROM terminal_user WHERE terminal = ? AND user_id = ?');
    this.#fingers = db.prepare(
      'SELECT user_id, finger_position, template_id, is_held FROM terminal_finger WHERE terminal = ? ORDER BY user_id, finger_position',
    );
    this.#finger = db.prepare(
      'SELECT user_id, finger_position, template_id, is_held FROM terminal_finger WHERE terminal = ? AND user_id = ? AND finger_position = ?',
    );
    this.#putUser = db.prepare(
      'INSERT OR REPLACE INTO terminal_user (terminal, user_id, is_held) VALUES (?, ?, ?)',
    );
    this.#putFinger = db.prepare(
      'INSERT OR REPLACE INTO terminal_finger (terminal, user_id, finger_position, template_id, is_held) VALUES (?, ?, ?, ?, ?)',
    );
    this.#removeUser = db.prepare('DELETE FROM terminal_user WHERE terminal = ? AND user_id = ?');
    this.#removeFingers = db.prepare('DELETE FROM terminal_finger WHERE terminal = ? AND user_id = ?');
    this.#removeFinger = db.prepare(
      'DELETE FROM terminal_finger WHERE terminal = ? AND user_id = ? AND finger_position = ?',
    );
    this.#templates = db.prepare('SELECT DISTINCT template_id FROM terminal_finger WHERE template_id <> ?');
    this.#terminals = db.prepare(
      `SELECT t.terminal AS sensor, (SELECT count(*) FROM terminal_finger f WHERE f.terminal = t.terminal) AS templates
       FROM (SELECT terminal FROM terminal_user UNION SELECT terminal FROM terminal_finger) t ORDER BY 1`,
    );
  }

  users(terminal: string): BookedUser[] {
    return (this.#users.all(terminal) as Row[]).map((row) => ({
      userId: row.user_id,
      isHeld: row.is_held === 1,
    }));
  }

  hasUser(terminal: string, userId: string): boolean {
    return this.#hasUser.get(terminal, userId) !== undefined;
  }

  fingers(terminal: string): BookedFinger[] {
    return (this.#fingers.all(terminal) as Row[]).map(toFinger);
  }

  finger(terminal: string, userId: string, fingerPosition: number): BookedFinger | undefined {
    const row = this.#finger.get(terminal, userId, fingerPosition) as Row | undefined;
    return row === undefined ? undefined : toFinger(row);
  }

  /** Whether any terminal, connected or not, may still have a template that is not listed. */
  holdOthers(listed: ReadonlySet<string>): boolean {
    const rows = this.#templates.all(UNWANTED) as Row[];
    return rows.some(({ template_id }) => !listed.has(template_id));
  }

  /** Every terminal that was told of anybody. */
  terminals(): { sensor: string; templates: number }[] {
    return this.#terminals.all() as { sensor: string; templates: number }[];
  }

  putUser(terminal: string, { userId, isHeld }: BookedUser): void {
    this.#putUser.run(terminal, userId, isHeld ? 1 : 0);
  }

  putFinger(terminal: string, { userId, fingerPosition, templateId, isHeld }: BookedFinger): void {
    this.#putFinger.run(terminal, userId, fingerPosition, templateId, isHeld ? 1 : 0);
  }

  /** With a user go his fingers. */
  removeUser(terminal: string, userId: string): void {
    this.#db.transaction(() => {
      this.#removeUser.run(terminal, userId);
      this.#removeFingers.run(terminal, userId);
    })();
  }

  removeFingers(terminal: string, userId: string): void {
    this.#removeFingers.run(terminal, userId);
  }

  removeFinger(terminal: string, userId: string, fingerPosition: number): void {
    this.#removeFinger.run(terminal, userId, fingerPosition);
  }

  /**
   * It may have lost what it was given. No row goes for it: nobody has said that what is to be deleted is gone, and whoever is
   * on its network can claim a reset.
   */
  doubt(terminal: string): void {
    this.#db.transaction(() => {
      this.#db
        .prepare('UPDATE terminal_user SET is_held = 0 WHERE terminal = ? AND is_held = 1')
        .run(terminal);
      this.#db
        .prepare('UPDATE terminal_finger SET is_held = 0 WHERE terminal = ? AND is_held = 1')
        .run(terminal);
    })();
  }

  /** It is gone for good, and nothing of ours with it. */
  clear(terminal: string): void {
    this.#db.transaction(() => {
      this.#db.prepare('DELETE FROM terminal_user WHERE terminal = ?').run(terminal);
      this.#db.prepare('DELETE FROM terminal_finger WHERE terminal = ?').run(terminal);
    })();
  }
}

const toFinger = (row: Row): BookedFinger => ({
  userId: row.user_id,
  fingerPosition: row.finger_position,
  templateId: row.template_id,
  isHeld: row.is_held === 1,
});
