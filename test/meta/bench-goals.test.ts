import { describe, expect, it } from 'vitest';
import { CASES, GOALS } from '../bench/goals.js';
import { readProjectFile } from './tree.js';

/** The table under a heading is what was promised; the bench must measure exactly that. */
function promisedUnder(heading: string): string[][] {
  const [, section = ''] =
    new RegExp(`## ${heading}\\n([\\s\\S]*?)\\n## `).exec(readProjectFile('docs/performance.md')) ?? [];
  return section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) => line.split(' | ').map((cell) => cell.replaceAll(/^\| | \|$/g, '').trim()))
    .map((cells) => cells.slice(0, 2));
}

describe('the bench and its promises', () => {
  it('has a row for every promise, in the same words, and promises nothing else', () => {
    expect(GOALS.map(({ name, goal }) => [name, goal])).toEqual(promisedUnder('Goals'));
  });

  it('measures every numbered case that states a time, in the words of the case', () => {
    expect(CASES.map(({ name, goal }) => [name, goal])).toEqual(promisedUnder('Cases that state a time'));
  });

  it('measures every row or says why not', () => {
    for (const { name, measuredBy, notMeasured, metrics } of [...GOALS, ...CASES]) {
      expect(measuredBy !== undefined && metrics.length > 0 ? 'measured' : notMeasured, name).toBeTruthy();
    }
  });
});
