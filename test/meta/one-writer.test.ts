import { expect, it } from 'vitest';
import { isSource, isTest, projectFiles, readProjectFile } from './tree.js';

/** Changed where they were found (ADR 65): somebody else's UPDATE would make that change vanish without an error. */
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

it.each(Object.entries(WRITERS))('%s is updated in one place, which holds its lock', (table, writer) => {
  const change = new RegExp(
    `\\bUPDATE\\s+(ONLY\\s+)?${table}\\b|\\bINTO\\s+${table}\\b[^\`;]*\\bDO UPDATE\\b` +
      `|\\(['"\`]${table}['"\`]\\)[^;]*\\.(update|increment|decrement|merge)\\(`,
    'i',
  );
  expect(central.filter((name) => change.test(readProjectFile(name)))).toEqual([writer]);
});
