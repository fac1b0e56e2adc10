import { RollcallError } from '@rollcall/protocol/errors';
import { parse } from 'csv-parse/sync';

/** Marks of a whole section for a month are some ten thousand rows; a file is read in parts of this size. */
export const IMPORT_ROWS_MAX = 10_000;

export interface ImportColumns {
  session: string;
  student: string;
  mark: string;
  reason: string;
}

export interface ImportRow {
  /** As an editor counts: the header is line 1. */
  line: number;
  sessionId: string;
  student: string;
  /** As it stands in the file: its class says what it means (domain case 42). */
  written: string;
  reason: string;
}

export interface ImportProblem {
  line: number;
  code: string;
  problem: string;
}

/**
 * Reads marks from CSV with a header: with or without byte order mark, any line ends, quoted or not.
 *
 * @throws RollcallError `REQUEST_INVALID` for text that is no CSV, lacks a column, or has too many rows
 */
export function readImport(
  text: string,
  columns: ImportColumns,
): { rows: ImportRow[]; problems: ImportProblem[] } {
  const records = parseCsv(text);
  const rows: ImportRow[] = [];
  const problems: ImportProblem[] = [];
  for (const { record, info } of records) {
    const line = info.lines;
    const sessionId = record[columns.session]?.trim() ?? '';
    const student = record[columns.student]?.trim() ?? '';
    const written = record[columns.mark]?.trim() ?? '';
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(sessionId)) {
      problems.push({ line, code: 'SESSION_INVALID', problem: `"${sessionId}" is no id of a class session` });
    } else if (student === '') {
      problems.push({ line, code: 'STUDENT_MISSING', problem: 'the roll number is empty' });
    } else {
      const reason = record[columns.reason]?.trim().slice(0, 255) ?? '';
      rows.push({ line, sessionId: sessionId.toLowerCase(), student, written, reason });
    }
  }
  requireColumns(records[0]?.record, columns);
  return { rows, problems };
}

interface ParsedRecord {
  record: Record<string, string | undefined>;
  info: { lines: number };
}

function parseCsv(text: string): ParsedRecord[] {
  if (text.includes('\uFFFD')) {
    throw new RollcallError(
      'REQUEST_INVALID',
      'csv: is not UTF-8; save the file as "CSV UTF-8" and send it again',
    );
  }
  try {
    return parse(text, {
      bom: true,
      columns: true,
      info: true,
      skip_empty_lines: true,
      max_record_size: 10_000,
      to: IMPORT_ROWS_MAX + 1,
    }).map((one: unknown, index: number) => {
      if (index >= IMPORT_ROWS_MAX) {
        throw new RollcallError(
          'REQUEST_INVALID',
          `csv: has more than ${IMPORT_ROWS_MAX} rows; send it in parts`,
        );
      }
      return one as ParsedRecord;
    });
  } catch (cause) {
    if (cause instanceof RollcallError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RollcallError('REQUEST_INVALID', `csv: cannot be read: ${why}`, { cause });
  }
}

function requireColumns(record: ParsedRecord['record'] | undefined, columns: ImportColumns): void {
  const needed = [columns.session, columns.student, columns.mark];
  const missing = needed.filter((name) => record === undefined || !Object.hasOwn(record, name));
  if (missing.length === 0) return;
  throw new RollcallError(
    'REQUEST_INVALID',
    `csv: has no column ${missing.join(', ')}, or no row; name the columns of the file in "columns"`,
  );
}
