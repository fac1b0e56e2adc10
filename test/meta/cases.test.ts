import { describe, expect, it } from 'vitest';
import { type CaseTest, caseNumbersOf, testsByCase, titlesOf } from './case-titles.js';
import { CASE_GROUPS, CASES, LATER } from './cases.js';

const LAST_CASE = 165;
const tests = testsByCase();

describe('case numbers in titles', () => {
  it.each([
    ['case 12: a thing', [12]],
    ['A10.1, cases 1, 2: twice', [1, 2]],
    ['cases 4 and 6: both', [4, 6]],
    ['cases 1–3, 7: a range', [1, 2, 3, 7]],
    ['ends with its number (case 79)', [79]],
    ['case 85: one; case 86: another', [85, 86]],
    ['case 7: a half-day of 5 hours', [7]],
    ['in no case', []],
    ['A10.3: a defect', []],
  ])('%s', (title, numbers) => {
    expect(caseNumbersOf(title)).toEqual(numbers);
  });

  it('are read from tests, groups and rows of tables, and from nothing else', () => {
    const text = `
      const note = 'case 1: a string';
      describe('case 2: a group', () => {
        it('case 3: a test', () => { call('case 4: an argument'); });
        it.each([['case 5: a row', 1]] as const)('%s', () => {});
        it.skipIf(isRoot)('case 6: skipped somewhere', () => {});
      });`;
    expect(titlesOf('x.test.ts', text).flatMap(caseNumbersOf)).toEqual([2, 3, 5, 6]);
  });
});

describe('the numbered cases', () => {
  it(`are 1 to ${LAST_CASE}, each with one statement`, () => {
    expect([...CASES.keys()]).toEqual(Array.from({ length: LAST_CASE }, (_, index) => index + 1));
    expect(new Set(CASES.values()).size).toBe(LAST_CASE);
  });

  it('each have a test or a reason why it comes later', () => {
    const bare = [...CASES.keys()].filter((number) => !tests.has(number) && LATER[number] === undefined);
    expect(bare).toEqual([]);
  });

  it('have no reason any more once they have a test', () => {
    expect(Object.keys(LATER).filter((number) => tests.has(Number(number)))).toEqual([]);
  });

  it('are not named by a test that means something else', () => {
    expect([...tests.keys()].filter((number) => !CASES.has(number))).toEqual([]);
    expect(Object.keys(LATER).filter((number) => !CASES.has(Number(number)))).toEqual([]);
  });

  // `npm run docs:cases` writes the file.
  it('stand in docs/cases.md with their tests as they are', async () => {
    await expect(page()).toMatchFileSnapshot('../../docs/cases.md');
  });
});

function page(): string {
  const proven = [...CASES.keys()].filter((number) => tests.has(number)).length;
  const later = Object.keys(LATER).length;
  return [
    '# The numbered cases and their tests',
    '',
    'What a college meets in a year, as numbered cases, and the tests that carry the number in their title. Written by',
    `\`npm run docs:cases\`; do not edit. ${proven} of ${CASES.size} cases have a test, ${later} come later.`,
    '',
    ...CASE_GROUPS.flatMap(({ title, first, statements }) => [
      `## ${title}`,
      '',
      '| case | what holds | shown by |',
      '| --- | --- | --- |',
      ...statements.map((statement, index) => row(first + index, statement)),
      '',
    ]),
    '## Later',
    '',
    ...(later === 0
      ? ['Nothing.']
      : Object.entries(LATER).map(([number, reason]) => `- ${number}: ${reason}`)),
    '',
  ].join('\n');
}

function row(number: number, statement: string): string {
  const shown = tests.get(number);
  const proof = shown === undefined ? `later: ${LATER[number] ?? 'no test'}` : listed(shown);
  return `| ${number} | ${cell(statement)} | ${proof} |`;
}

/** A file once, with its titles; the same title of a table once. */
function listed(shown: readonly CaseTest[]): string {
  const titles = groupByFile(shown);
  return [...titles]
    .map(([file, group]) => {
      const unique = [...new Set(group.map(({ title }) => title))];
      return `\`${file}\`: ${unique.map(cell).join('; ')}`;
    })
    .join('<br>');
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

function groupByFile(shown: readonly CaseTest[]): Map<string, CaseTest[]> {
  const groups = new Map<string, CaseTest[]>();
  for (const test of shown) groups.set(test.file, [...(groups.get(test.file) ?? []), test]);
  return groups;
}
