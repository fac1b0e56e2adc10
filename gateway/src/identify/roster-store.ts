import type { RosterClass, RosterDocument, RowMember } from '@rollcall/protocol/roster';
import type { Meta } from '../store/meta.js';
import type { Database } from '../store/open.js';

/** Students written or deleted in one transaction, so that no tap waits behind a whole university. */
const CHUNK_STUDENTS = 500;
const CHUNK_CREDENTIALS = 500;

export interface RosterStoreOptions {
  db: Database;
  meta: Meta;
  /** Gives the event loop its turn between two chunks. */
  yieldTurn?: () => Promise<void>;
}

/** The roster on disk: recognition goes on through restarts and without central. */
export class RosterStore {
  readonly #db: Database;
  readonly #meta: Meta;
  readonly #yieldTurn: () => Promise<void>;

  constructor({ db, meta, yieldTurn = turn }: RosterStoreOptions) {
    this.#db = db;
    this.#meta = meta;
    this.#yieldTurn = yieldTurn;
  }

  /** 0 while no roster was ever received. */
  get version(): number {
    return this.#meta.number('roster_version');
  }

  /** Class sessions at devices of this gateway; none while no roster was ever received. */
  get classes(): readonly RosterClass[] {
    return JSON.parse(this.#meta.text('roster_classes') ?? '[]') as RosterClass[];
  }

  /** Fingerprint templates that this gateway may hold. */
  get templateIds(): readonly string[] {
    return JSON.parse(this.#meta.text('roster_templates') ?? '[]') as string[];
  }

  /** Whether central takes rows with this optional member. */
  takes(member: RowMember): boolean {
    return (JSON.parse(this.#meta.text('roster_row_members') ?? '[]') as string[]).includes(member);
  }

  /** Everybody who has a card, by roll number. */
  studentRefs(): string[] {
    const rows = this.#db
      .prepare('SELECT DISTINCT student_ref FROM roster_credential WHERE version = ? ORDER BY student_ref')
      .all(this.version) as { student_ref: string }[];
    return rows.map(({ student_ref }) => student_ref);
  }

  /**
   * Writes a newer roster beside the one in force and then puts it into force in one small transaction; a
   * crash at any point leaves the old one.
   */
  async replace(document: RosterDocument, rowMembers: readonly RowMember[] = []): Promise<void> {
    await this.#deleteOthers(this.version);
    const insertCredential = this.#db.prepare(
      `INSERT INTO roster_credential (version, student_ref, technology, state, valid_from_ms, valid_to_ms)
       VALUES (?, ?, ?, ?, ?, ?)`,
    );
    const insertHash = this.#db.prepare(
      'INSERT OR IGNORE INTO roster_hash (credential_id, projection, hash) VALUES (?, ?, ?)',
    );
    const writeChunk = this.#db.transaction((students: RosterDocument['students']) => {
      for (const student of students) {
        for (const credential of student.credentials) {
          const { lastInsertRowid } = insertCredential.run(
            document.version,
            student.student_ref,
            credential.technology,
            credential.state,
            Date.parse(credential.valid_from),
            credential.valid_to === null ? null : Date.parse(credential.valid_to),
          );
          for (const { projection, hash } of credential.hashes)
            insertHash.run(lastInsertRowid, projection, hash);
        }
      }
    });
    for (let at = 0; at < document.students.length; at += CHUNK_STUDENTS) {
      writeChunk(document.students.slice(at, at + CHUNK_STUDENTS));
      await this.#yieldTurn();
    }
    this.#db.transaction(() => {
      this.#meta.set('roster_version', document.version);
      this.#meta.set('roster_classes', JSON.stringify(document.classes ?? []));
      this.#meta.set('roster_templates', JSON.stringify(document.templates ?? []));
      this.#meta.set('roster_row_members', JSON.stringify(rowMembers));
    })();
    await this.#deleteOthers(document.version);
  }

  async #deleteOthers(version: number): Promise<void> {
    const statement = this.#db.prepare(
      `DELETE FROM roster_credential WHERE credential_id IN
         (SELECT credential_id FROM roster_credential WHERE version <> ? LIMIT ${CHUNK_CREDENTIALS})`,
    );
    while (statement.run(version).changes === CHUNK_CREDENTIALS) await this.#yieldTurn();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
