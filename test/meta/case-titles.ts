import ts from 'typescript';
import { projectFiles, readProjectFile } from './tree.js';

export interface CaseTest {
  file: string;
  title: string;
}

const WHERE = /^(central\/src|gateway\/src|firmware-sim\/src|test)\/.+\.test\.tsx?$/;
/** These are about this list itself. */
const NOT_HERE = /^test\/meta\//;
const CALLS = new Set(['it', 'test', 'describe']);
/** `case 12`, `cases 4, 5 and 7`, `cases 1–3`. */
const NUMBERS = /\bcases? (\d+(?:[–-]\d+)?(?:(?:, | and )\d+(?:[–-]\d+)?)*)(?!\d)/gi;

/** The case numbers that a test title names, each once. */
export function caseNumbersOf(title: string): number[] {
  const numbers = [...title.matchAll(NUMBERS)].flatMap(([, list = '']) =>
    list.split(/, | and /).flatMap((part) => {
      const [first = 0, last = first] = part.split(/[–-]/).map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    }),
  );
  return [...new Set(numbers)];
}

/** Defects of the seed (domain A10) that a test title names as `A10.n`, each once. */
export const defectNumbersOf = (title: string): number[] => [
  ...new Set([...title.matchAll(/\bA10\.(\d+)/g)].map(([, number]) => Number(number))),
];

export const testsByCase = (): Map<number, CaseTest[]> => testsBy(caseNumbersOf);

/** Tests of the workspaces by the numbers in their title, in the order of their files. */
export function testsBy(numbersOf: (title: string) => number[]): Map<number, CaseTest[]> {
  const found = new Map<number, CaseTest[]>();
  const files = projectFiles().filter((name) => WHERE.test(name) && !NOT_HERE.test(name));
  for (const file of files.sort()) {
    for (const title of titlesOf(file, readProjectFile(file))) {
      for (const number of numbersOf(title)) {
        found.set(number, [...(found.get(number) ?? []), { file, title }]);
      }
    }
  }
  return found;
}

/**
 * Titles of tests and groups; those of a table (`it.each`) stand in its rows. A table whose rows are made by
 * calls is not read: its own title has to name the case.
 */
export function titlesOf(file: string, text: string): string[] {
  const titles: string[] = [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isTestCall(node.expression)) {
      const [title] = node.arguments;
      if (title !== undefined && ts.isStringLiteralLike(title)) titles.push(title.text);
      if (ts.isCallExpression(node.expression)) titles.push(...rowsOf(node.expression));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return titles;
}

/** `it(…)`, `describe.skipIf(…)(…)`, `it.each(…)(…)`. */
function isTestCall(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return CALLS.has(callee.text);
  if (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee))
    return isTestCall(callee.expression);
  return false;
}

function rowsOf(each: ts.CallExpression): string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) texts.push(node.text);
    else if (ts.isArrayLiteralExpression(node) || ts.isAsExpression(node)) ts.forEachChild(node, visit);
  };
  each.arguments.forEach(visit);
  return texts;
}
