import type { Knex } from '../../db/database.js';
import { LETTER_COLUMNS, type LetterRow } from '../../marks/letter-columns.js';
import type { Mark, Source } from '../../rules/facts.js';
import { letterOf } from '../../rules/vocabulary.js';
import { toInstant, toInstantOrNull } from '../contracts/fields.js';
import type { RecordItem } from '../contracts/records.js';

export const RECORD_COLUMNS = `
  r.id, r.session_id, st.roll_number, st.full_name, r.mark, ${LETTER_COLUMNS}, r.marked_at, r.source, r.reason, r.version,
  r.updated_at`;
export const RECORD_JOINS =
  'attendance_record r JOIN student st ON st.id = r.student_id JOIN attendance_session s ON s.id = r.session_id';

export interface RecordRow extends LetterRow {
  id: string;
  session_id: string;
  roll_number: string;
  full_name: string;
  mark: Mark;
  marked_at: Date | null;
  source: Source;
  reason: string;
  version: number;
  updated_at: Date;
}

export function toRecordItem(row: RecordRow): RecordItem {
  return {
    id: row.id,
    session_id: row.session_id,
    student: { roll_number: row.roll_number, name: row.full_name },
    mark: row.mark,
    letter: letterOf(row.vocabulary, row.mark, row.written_letter),
    marked_at: toInstantOrNull(row.marked_at),
    source: row.source,
    reason: row.reason,
    version: row.version,
    updated_at: toInstant(row.updated_at),
  };
}

export async function loadRecordItems(knex: Knex, ids: readonly string[]): Promise<RecordItem[]> {
  const { rows } = await knex.raw<{ rows: RecordRow[] }>(
    `SELECT ${RECORD_COLUMNS} FROM ${RECORD_JOINS} WHERE r.id = ANY(?::uuid[]) ORDER BY st.roll_number`,
    [ids as never],
  );
  return rows.map(toRecordItem);
}
