import { describe, expect, it } from 'vitest';
import { GOALS } from '../bench/goals.js';
import { readProjectFile } from './tree.js';

/** The table between these headings is what was promised; the bench must measure exactly that. */
const TABLE = /## Goals\n([\s\S]*?)\n## /;

describe('the bench and its promises', () => {
  const [, section = ''] = TABLE.exec(readProjectFile('docs/performance.md')) ?? [];
  const promised = section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) => line.split(' | ').map((cell) => cell.replaceAll(/^\| | \|$/g, '').trim()));

  it('has a row for every promise, in the same words, and promises nothing else', () => {
    expect(GOALS.map(({ name, goal }) => [name, goal])).toEqual(promised.map((cells) => cells.slice(0, 2)));
  });

  it('measures every row or says why not', () => {
    for (const { name, measuredBy, notMeasured, metrics } of GOALS) {
      expect(measuredBy !== undefined && metrics.length > 0 ? 'measured' : notMeasured, name).toBeTruthy();
    }
  });
});
