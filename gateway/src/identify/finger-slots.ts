import type { Database, Statement } from '../store/open.js';

/** Something of ours may lie in the slot, and means nobody. */
export const NOBODY = '';
/** No roster lists such a template: it counts as one that must go until the module has confirmed that it went. */
const UNLISTED = 'enrolling';

/** Whether the slot has what somebody is enrolling just now. */
export const isEnrolling = ({ templateId }: Pick<SlotRow, 'templateId'>): boolean =>
  templateId.startsWith(`${UNLISTED}/`);

export interface SlotRow {
  slot: number;
  templateId: string;
  /** `NOBODY` while it is not sure what is in the slot. */
  studentRef: string;
}

/**
 * What the gateway put into the slots of each fingerprint module, by the name of the module. A row is there before the module
 * is told to take something, and until it has said that it is gone.
 */
export class FingerSlots {
  readonly #of: Statement;
  readonly #row: Statement;
  readonly #ofStudent: Statement;
  readonly #put: Statement;
  readonly #remove: Statement;
  readonly #clear: Statement;
  readonly #templates: Statement;
  readonly #modules: Statement;

  constructor(db: Database) {
    this.#of = db.prepare(
      'SELECT slot, template_id AS templateId, student_ref AS studentRef FROM finger_slot WHERE sensor = ? ORDER BY slot',
    );
    this.#row = db.prepare(
      'SELECT slot, template_id AS templateId, student_ref AS studentRef FROM finger_slot WHERE sensor = ? AND slot = ? AND student_ref <> ?',
    );
    this.#ofStudent = db.prepare(
      'SELECT slot, template_id AS templateId, student_ref AS studentRef FROM finger_slot WHERE sensor = ? AND student_ref = ? ORDER BY slot',
    );
    this.#put = db.prepare(
      'INSERT OR REPLACE INTO finger_slot (sensor, slot, template_id, student_ref) VALUES (?, ?, ?, ?)',
    );
    this.#remove = db.prepare('DELETE FROM finger_slot WHERE sensor = ? AND slot = ?');
    this.#clear = db.prepare('DELETE FROM finger_slot WHERE sensor = ?');
    this.#modules = db.prepare(
      'SELECT sensor, count(*) AS templates FROM finger_slot GROUP BY sensor ORDER BY sensor',
    );
    this.#templates = db.prepare('SELECT DISTINCT sensor, template_id AS templateId FROM finger_slot');
  }

  of(sensor: string): SlotRow[] {
    return this.#of.all(sensor) as SlotRow[];
  }

  /** Undefined for a slot that means nobody. */
  row(sensor: string, slot: number): SlotRow | undefined {
    return this.#row.get(sensor, slot, NOBODY) as SlotRow | undefined;
  }

  ofStudent(sensor: string, studentRef: string): SlotRow[] {
    return this.#ofStudent.all(sensor, studentRef) as SlotRow[];
  }

  /**
   * Whether any module, connected or not, still has a template that is not listed. What is just being enrolled at one of
   * them was never listed, and nobody withdrew it.
   */
  holdOthers(listed: ReadonlySet<string>, enrollingAt?: string): boolean {
    const rows = this.#templates.all() as { sensor: string; templateId: string }[];
    return rows.some(
      (row) => !listed.has(row.templateId) && !(row.sensor === enrollingAt && isEnrolling(row)),
    );
  }

  /** Every module that has anything, connected or not. */
  modules(): { sensor: string; templates: number }[] {
    return this.#modules.all() as { sensor: string; templates: number }[];
  }

  put(sensor: string, { slot, templateId, studentRef }: SlotRow): void {
    this.#put.run(sensor, slot, templateId, studentRef);
  }

  /** The slot is about to get the template, or to lose it; from now on it means nobody. */
  mark(sensor: string, { slot, templateId }: Omit<SlotRow, 'studentRef'>): void {
    this.#put.run(sensor, slot, templateId, NOBODY);
  }

  /** The slot is about to get what somebody enrolls there. */
  markEnrolling(sensor: string, slot: number): void {
    this.mark(sensor, { slot, templateId: `${UNLISTED}/${slot}` });
  }

  /** The slot is empty. */
  remove(sensor: string, slot: number): void {
    this.#remove.run(sensor, slot);
  }

  clear(sensor: string): void {
    this.#clear.run(sensor);
  }
}
