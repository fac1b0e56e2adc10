import { describe, expect, it } from 'vitest';
import { projectFiles, readProjectFile } from './tree.js';

/** Before it there was no floor, and no replica of another version could run beside a migration. */
const FIRST_WITH_FLOOR = '0075_read_again.sql';
/** Takes something away, asks for more than the version before gives, or changes what it has written (ADR 61). */
const CONTRACTS = new RegExp(
  [
    String.raw`\bDROP\s+(TABLE|COLUMN|VIEW|FUNCTION|DEFAULT)\b`,
    String.raw`\bRENAME\s+(TO|COLUMN)\b`,
    String.raw`\bSET\s+NOT\s+NULL\b`,
    String.raw`\bALTER\s+COLUMN\s+\w+\s+(SET\s+DATA\s+)?TYPE\b`,
    String.raw`\bADD\s+COLUMN\s+(IF\s+NOT\s+EXISTS\s+)?\w+\s+(?![^,;]*\bDEFAULT\b)[^,;]*\bNOT\s+NULL\b`,
    String.raw`\bADD\s+(CONSTRAINT\s+\w+\s+)?(CHECK|UNIQUE|PRIMARY\s+KEY|FOREIGN\s+KEY|EXCLUDE)\b`,
    String.raw`\bCREATE\s+UNIQUE\s+INDEX\b`,
    String.raw`\bUPDATE\s+(ONLY\s+)?(?!schema_floor\b)\w+\s+((AS\s+)?\w+\s+)?SET\b`,
    String.raw`\bDELETE\s+FROM\b|\bTRUNCATE\s+\w`,
  ].join('|'),
  'i',
);
/** In the comment of the one statement that older replicas can live with, with the reason. */
const WAIVER = /^--\s*Fits older replicas: \S/m;
/** The table that a statement is about. */
const SUBJECT =
  /\b(?:ALTER\s+TABLE|CREATE\s+UNIQUE\s+INDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?\w+\s+ON|UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?(\w+)/i;

/** Whether a statement contracts; a table that the migration itself makes is known to nobody older. */
function contracts(sql: string): boolean {
  const made = new Set(
    [...sql.matchAll(/\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)/gi)].map(([, name]) => name),
  );
  const plain = sql.replaceAll(/--.*$/gm, (comment) => comment.replaceAll(';', ','));
  return plain.split(';').some((statement) => {
    if (WAIVER.test(statement)) return false;
    const bare = statement.replaceAll(/--.*$/gm, '');
    return CONTRACTS.test(bare) && !made.has(bare.match(SUBJECT)?.[1]);
  });
}
const saysFloor = (sql: string, name: string): boolean =>
  new RegExp(`UPDATE\\s+schema_floor\\s+SET\\s+name\\s*=\\s*'${name.replaceAll('.', '\\.')}'`, 'i').test(sql);

describe('migrations, beside which older replicas run (case 163)', () => {
  const names = projectFiles().map((path) => path.match(/^central\/migrations\/(.+\.sql)$/)?.[1] ?? '');
  const later = names.filter((name) => name > FIRST_WITH_FLOOR);

  it('only expand, or raise the floor of the schema to their own name', () => {
    const silent = later.filter((name) => {
      const sql = readProjectFile(`central/migrations/${name}`);
      return contracts(sql) && !saysFloor(sql, name);
    });
    expect(silent).toEqual([]);
  });

  it.each([
    'ALTER TABLE punch DROP COLUMN kind;',
    'DROP TABLE punch;',
    'ALTER TABLE punch RENAME COLUMN kind TO sort;',
    'ALTER TABLE punch ALTER COLUMN seq TYPE integer;',
    'ALTER TABLE punch ALTER COLUMN seq SET NOT NULL;',
    'ALTER TABLE punch ALTER COLUMN seq DROP DEFAULT;',
    'ALTER TABLE punch ADD COLUMN a text, ADD COLUMN b integer NOT NULL;',
    "ALTER TABLE room ADD CONSTRAINT room_purpose_check CHECK (purpose IN ('class', 'gate'));",
    'ALTER TABLE leave ADD COLUMN a text,\n  ADD CHECK (start_time < end_time);',
    'ALTER TABLE punch ADD FOREIGN KEY (room_id) REFERENCES room;',
    'ALTER TABLE punch ADD CONSTRAINT one EXCLUDE USING gist (room_id WITH =);',
    'ALTER TABLE punch ADD CONSTRAINT one UNIQUE (seq);',
    'CREATE UNIQUE INDEX one ON punch (seq);',
    "UPDATE room SET purpose = 'gate' WHERE purpose = 'presence';",
    'WITH old AS (SELECT 1) UPDATE room AS r SET name = upper(name);',
    'DELETE FROM punch WHERE seq = 0;',
    'CREATE TABLE one (id bigint);\nCREATE UNIQUE INDEX two ON punch (seq);',
    'CREATE TABLE one (id bigint); ALTER TABLE one ADD CHECK (id > 0); DELETE FROM punch;',
    '-- Fits older replicas:\nCREATE UNIQUE INDEX one ON punch (seq);',
    '-- Fits older replicas: it was so before.\nSELECT 1;\nCREATE UNIQUE INDEX one ON punch (seq);',
  ])('are known for taking something away or asking for more: %s', (sql) => {
    expect(contracts(sql)).toBe(true);
    expect(saysFloor(`${sql} UPDATE schema_floor SET name = '0099_x.sql'`, '0099_x.sql')).toBe(true);
  });

  it.each([
    '0063_student_status.sql',
    '0064_attendance_credit_once.sql',
    '0069_gates.sql',
  ])('of before the floor would not get past it today: %s', (name) => {
    expect(names).toContain(name);
    expect(contracts(readProjectFile(`central/migrations/${name}`))).toBe(true);
  });

  it.each([
    'ALTER TABLE punch ADD COLUMN a text;',
    "ALTER TABLE punch ADD COLUMN a text[] NOT NULL DEFAULT '{}', ADD COLUMN b integer NOT NULL DEFAULT 0;",
    "ALTER TABLE punch ADD COLUMN letter text CHECK (letter ~ '^[A-Z]$');",
    'CREATE TABLE one (id bigint NOT NULL, note text NOT NULL UNIQUE CHECK (note <> id::text));',
    'CREATE TABLE one (id bigint);\nCREATE UNIQUE INDEX two ON one (id);\nALTER TABLE one ADD CHECK (id > 0);',
    'CREATE INDEX one ON punch (seq);',
    'INSERT INTO one (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 1;',
    "UPDATE schema_floor SET name = '0099_x.sql';",
    '-- Fits older replicas: the column is new, they leave it empty.\nCREATE UNIQUE INDEX one ON punch (nonce);',
    '-- Not yet; DROP TABLE punch;',
  ])('are known for adding: %s', (sql) => {
    expect(contracts(sql)).toBe(false);
  });
});
