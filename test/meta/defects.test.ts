import { describe, expect, it } from 'vitest';
import { defectNumbersOf, testsBy } from './case-titles.js';
import { DEFECTS, ELSEWHERE } from './defects.js';

const LAST_DEFECT = 35;
const tests = testsBy(defectNumbersOf);
const numbers = DEFECTS.map((_, index) => index + 1);

describe('defect numbers in titles', () => {
  it.each([
    ['A10.1, cases 1, 2: twice', [1]],
    ['A10.10: a scan; A10.9 too', [10, 9]],
    ['revoked, its marks return (A10.16)', [16]],
    ['A10.135: none of them', [135]],
    ['case 10: in no defect', []],
  ])('%s', (title, expected) => {
    expect(defectNumbersOf(title)).toEqual(expected);
  });
});

describe('the defects of the seed', () => {
  it(`are 1 to ${LAST_DEFECT}, each with one statement`, () => {
    expect(DEFECTS).toHaveLength(LAST_DEFECT);
    expect(new Set(DEFECTS).size).toBe(LAST_DEFECT);
  });

  it('each have a regression test or a reason why they belong elsewhere', () => {
    expect(numbers.filter((number) => !tests.has(number) && ELSEWHERE[number] === undefined)).toEqual([]);
  });

  it('have no reason any more once they have a test', () => {
    expect(Object.keys(ELSEWHERE).filter((number) => tests.has(Number(number)))).toEqual([]);
  });

  it('are not named by a test that means something else', () => {
    expect([...tests.keys()].filter((number) => !numbers.includes(number))).toEqual([]);
    expect(Object.keys(ELSEWHERE).filter((number) => !numbers.includes(Number(number)))).toEqual([]);
  });
});
