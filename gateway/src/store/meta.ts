import type { Database, Statement } from './open.js';

/** Everything the store remembers beside rows. */
export type MetaKey =
  | 'store_id'
  | 'acked_seq'
  | 'uplink_session'
  | 'last_punch_id'
  | 'self_write'
  | 'declared_lost_through'
  | 'roster_version'
  | 'roster_classes'
  | 'roster_templates'
  /** Optional members of rows that central takes, as its header said with the roster. */
  | 'roster_row_members'
  | 'rolled_back'
  | 'replaces'
  /** The enrollment under way, empty without one. */
  | 'enrollment';

export class Meta {
  readonly #get: Statement;
  readonly #set: Statement;

  constructor(db: Database) {
    this.#get = db.prepare('SELECT value FROM meta WHERE key = ?');
    this.#set = db.prepare(
      'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    );
  }

  text(key: MetaKey): string | undefined {
    return (this.#get.get(key) as { value: string } | undefined)?.value;
  }

  /** A number never written counts as 0. */
  number(key: MetaKey): number {
    return Number(this.text(key) ?? 0);
  }

  set(key: MetaKey, value: string | number): void {
    this.#set.run(key, String(value));
  }
}
