import type { SealedTemplate } from '@rollcall/protocol/template-transfer';
import type { Database, Statement } from '../store/open.js';

interface Row {
  template_id: string;
  student_ref: string;
  finger_position: number;
  format: string;
  sealed: Buffer;
}

/** Sealed templates on disk. They are opened in memory only. */
export class TemplateStore {
  readonly #db: Database;
  readonly #put: Statement;
  readonly #ids: Statement;
  readonly #all: Statement;
  readonly #delete: Statement;
  readonly #ofFormat: Statement;
  readonly #one: Statement;
  readonly #ofStudent: Statement;

  constructor(db: Database) {
    this.#db = db;
    this.#put = db.prepare(
      `INSERT OR REPLACE INTO finger_template (template_id, student_ref, finger_position, format, sealed)
       VALUES (@template_id, @student_ref, @finger_position, @format, @sealed)`,
    );
    this.#ids = db.prepare('SELECT template_id FROM finger_template');
    this.#all = db.prepare('SELECT * FROM finger_template ORDER BY template_id');
    this.#delete = db.prepare('DELETE FROM finger_template WHERE template_id = ?');
    this.#ofFormat = db.prepare(
      'SELECT template_id, student_ref, finger_position FROM finger_template WHERE format = ? ORDER BY template_id',
    );
    this.#ofStudent = db.prepare(
      'SELECT * FROM finger_template WHERE student_ref = ? ORDER BY finger_position, template_id',
    );
    this.#one = db.prepare('SELECT * FROM finger_template WHERE template_id = ?');
  }

  ids(): string[] {
    return (this.#ids.all() as Pick<Row, 'template_id'>[]).map(({ template_id }) => template_id);
  }

  /** One at a time: a gallery of a whole campus need not lie in memory twice. */
  *all(): Generator<SealedTemplate> {
    for (const row of this.#all.iterate() as IterableIterator<Row>) {
      yield { ...row, sealed: row.sealed.toString('base64') };
    }
  }

  /** Of everything that is here. */
  formats(): string[] {
    const rows = this.#db.prepare('SELECT DISTINCT format FROM finger_template').all() as Pick<
      Row,
      'format'
    >[];
    return rows.map(({ format }) => format);
  }

  /** Whose they are, without the templates themselves. */
  ofFormat(format: string): Pick<Row, 'template_id' | 'student_ref' | 'finger_position'>[] {
    return this.#ofFormat.all(format) as Row[];
  }

  ofStudent(studentRef: string): SealedTemplate[] {
    const rows = this.#ofStudent.all(studentRef) as Row[];
    return rows.map((row) => ({ ...row, sealed: row.sealed.toString('base64') }));
  }

  one(templateId: string): SealedTemplate | undefined {
    const row = this.#one.get(templateId) as Row | undefined;
    return row === undefined ? undefined : { ...row, sealed: row.sealed.toString('base64') };
  }

  put(templates: readonly SealedTemplate[]): void {
    this.#db.transaction(() => {
      for (const template of templates) {
        this.#put.run({ ...template, sealed: Buffer.from(template.sealed, 'base64') });
      }
    })();
  }

  /** Removes every template that is not listed; their bytes are overwritten on disk (`secure_delete`). */
  keepOnly(listed: ReadonlySet<string>): number {
    const others = this.ids().filter((id) => !listed.has(id));
    if (others.length === 0) return 0;
    this.#db.pragma('secure_delete = ON');
    this.#db.transaction(() => {
      for (const id of others) this.#delete.run(id);
    })();
    // Until the log is written back, the old pages are still in it.
    this.#db.pragma('wal_checkpoint(TRUNCATE)');
    return others.length;
  }
}
