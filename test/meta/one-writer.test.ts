import { expect, it } from 'vitest';
import { isSource, isTest, projectFiles, readProjectFile } from './tree.js';

/** Changed where they were found (ADR 65): with another writer beside it, a change of ours is refused and made again. */
const WRITERS: Readonly<Record<string, string>> = {
  attendance_record: 'central/src/marks/save-decisions.ts',
  statistics_contribution: 'central/src/statistics/fold.ts',
  attendance_statistics: 'central/src/statistics/fold.ts',
  aggregate_statistics: 'central/src/statistics/fold.ts',
};

const central = projectFiles().filter(
  (name) =>
    name.startsWith('central/src/') &&
    isSource(name) &&
    !isTest(name) &&
    // What only tests run.
    !/\.test-support\.ts$|\/setting-proofs\//.test(name),
);

const anyTable = Object.keys(WRITERS).join('|');

it.each(Object.entries(WRITERS))('%s is updated in one place, which holds its lock', (table, writer) => {
  const change = new RegExp(
    `\\bUPDATE\\s+(ONLY\\s+)?${table}\\b|\\bINTO\\s+${table}\\b[^\`;]*\\bDO UPDATE\\b` +
      `|\\(['"\`]${table}['"\`]\\)[^;]*\\.(update|increment|decrement|merge)\\(`,
    'i',
  );
  expect(central.filter((name) => change.test(readProjectFile(name)))).toEqual([writer]);
});

/** Of these a change is named, never put together: with a variable for its name nobody finds it. */
const VARIABLE =
  /\bUPDATE\s+(ONLY\s+)?\$\{|\(\w*(table|Table)\w*\)[^;]*\.(update|increment|decrement|merge)\(/;

it('no file that names one of these tables changes a table whose name is a variable', () => {
  const naming = central.filter((name) => new RegExp(`\\b(${anyTable})\\b`).test(readProjectFile(name)));
  expect(naming.filter((name) => VARIABLE.test(readProjectFile(name)))).toEqual([]);
});

it('records are saved only by who has held their classes', () => {
  const savers = central.filter((name) => /\bsaveDecisions\(/.test(readProjectFile(name)));
  expect(savers.toSorted()).toEqual(['central/src/marks/judge-pairs.ts', WRITERS['attendance_record']]);
});

/** The first that replicas of the version before may run beside which change these rows where they were found. */
const LAST_BEFORE = '0082_statistics_group.sql';
const CHANGE = new RegExp(
  `\\b(?:UPDATE\\s+(?:ONLY\\s+)?|DELETE\\s+FROM\\s+(?:ONLY\\s+)?|MERGE\\s+INTO\\s+(?:ONLY\\s+)?|TRUNCATE\\s+(?:TABLE\\s+)?(?:ONLY\\s+)?)` +
    `(${anyTable})\\b|\\bINTO\\s+(${anyTable})\\b[^;]*\\bDO\\s+UPDATE\\b`,
  'gi',
);

/** Tables that a migration changes rows of while their writers may run; triggers of one are no better. */
function changedUnlocked(sql: string): string[] {
  const code = sql.replaceAll(/--.*$/gm, '');
  return [...code.matchAll(CHANGE)].flatMap(({ 1: one, 2: other, index }) => {
    const table = one ?? other ?? '';
    const lock = new RegExp(
      `\\bLOCK\\s+TABLE\\s+${table}\\s+IN\\s+SHARE\\s+ROW\\s+EXCLUSIVE\\s+MODE\\b`,
      'i',
    );
    return lock.test(code.slice(0, index)) ? [] : [table];
  });
}

it('migrations keep their writers away while they change such rows (LOCK TABLE … IN SHARE ROW EXCLUSIVE MODE), or queue what is to be judged and counted again', () => {
  const migrations = projectFiles().filter(
    (name) =>
      /^central\/migrations\/.*\.sql$/.test(name) && name.slice('central/migrations/'.length) > LAST_BEFORE,
  );
  expect(migrations.length).toBeGreaterThan(0);
  const changing = migrations.map((name) => [name, ...changedUnlocked(readProjectFile(name))]);
  expect(changing.filter(([, ...tables]) => tables.length > 0)).toEqual([]);
});

it.each([
  ['UPDATE attendance_record SET mark = mark;', ['attendance_record']],
  ['-- UPDATE attendance_record SET mark = mark;', []],
  ['DELETE FROM aggregate_statistics;', ['aggregate_statistics']],
  [
    'INSERT INTO attendance_statistics SELECT 1 ON CONFLICT (id) DO UPDATE SET x = 1;',
    ['attendance_statistics'],
  ],
  ['INSERT INTO statistics_todo SELECT 1 FROM attendance_record;', []],
  ['LOCK TABLE attendance_record IN SHARE ROW EXCLUSIVE MODE; UPDATE attendance_record SET mark = mark;', []],
  [
    'UPDATE attendance_record SET mark = mark; LOCK TABLE attendance_record IN SHARE ROW EXCLUSIVE MODE;',
    ['attendance_record'],
  ],
])('of a migration: %s', (sql, tables) => {
  expect(changedUnlocked(sql)).toEqual(tables);
});
