import { describe, expect, it } from 'vitest';
import { projectFiles, readProjectFile } from './tree.js';

/** Before it there was no floor, and no replica of another version could run beside a migration. */
const FIRST_WITH_FLOOR = '0075_read_again.sql';
/** Takes something away, or asks for more than the version before gives (ADR 61). */
const CONTRACTS =
  /\bDROP\s+(TABLE|COLUMN|VIEW|FUNCTION)\b|\bRENAME\s+(TO|COLUMN)\b|\bSET\s+NOT\s+NULL\b|\bALTER\s+COLUMN\s+\w+\s+(SET\s+DATA\s+)?TYPE\b|\bADD\s+COLUMN\s+(IF\s+NOT\s+EXISTS\s+)?\w+\s+(?![^,;]*\bDEFAULT\b)[^,;]*\bNOT\s+NULL\b/i;

const contracts = (sql: string): boolean => CONTRACTS.test(sql.replaceAll(/--.*$/gm, ''));
const saysFloor = (sql: string, name: string): boolean =>
  new RegExp(`UPDATE\\s+schema_floor\\s+SET\\s+name\\s*=\\s*'${name.replaceAll('.', '\\.')}'`, 'i').test(sql);

describe('migrations, beside which older replicas run (case 163)', () => {
  const later = projectFiles()
    .map((path) => path.match(/^central\/migrations\/(.+\.sql)$/)?.[1] ?? '')
    .filter((name) => name > FIRST_WITH_FLOOR);

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
    'ALTER TABLE punch ADD COLUMN a text, ADD COLUMN b integer NOT NULL;',
  ])('are known for taking something away: %s', (sql) => {
    expect(contracts(sql)).toBe(true);
    expect(saysFloor(`${sql} UPDATE schema_floor SET name = '0099_x.sql'`, '0099_x.sql')).toBe(true);
  });

  it.each([
    'ALTER TABLE punch ADD COLUMN a text;',
    "ALTER TABLE punch ADD COLUMN a text[] NOT NULL DEFAULT '{}', ADD COLUMN b integer NOT NULL DEFAULT 0;",
    'CREATE TABLE one (id bigint NOT NULL, note text NOT NULL);',
    '-- DROP TABLE punch;',
  ])('are known for adding: %s', (sql) => {
    expect(contracts(sql)).toBe(false);
  });
});
