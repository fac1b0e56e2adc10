import { describe, expect, it } from 'vitest';
import { keptFrom, longestTerm, type Term } from './kept-from.js';

const day = (n: number): number => Date.parse('2030-01-01T06:30:00Z') + n * 86_400_000;
const term = (years: number, from: number, until = Number.POSITIVE_INFINITY): Term => ({
  years,
  fromMs: day(from),
  untilMs: day(until),
});

describe('the term that counts', () => {
  it.each<[string, Term[], number]>([
    ['nobody set one', [], 7],
    ['one is in force for long', [term(10, -900)], 10],
    ['a longer one begins now', [term(2, -900), term(10, 0)], 10],
    ['a longer one begins tomorrow only', [term(2, -900), term(10, 1)], 2],
    ['a shorter one is in force for 29 days', [term(10, -900), term(2, -29)], 10],
    ['a shorter one is in force for 30 days', [term(10, -900), term(2, -30)], 2],
    ['a longer one was in force for a day of the month', [term(2, -900), term(10, -20), term(2, -19)], 10],
    ['a longer one was deactivated now', [term(10, -900, 0)], 10],
    ['a longer one was deactivated within the month', [term(10, -900, -29)], 10],
    ['a longer one was deactivated longer ago', [term(10, -900, -30)], 7],
    ['it was set again for the same instant', [term(10, -900, -5), term(2, -900)], 10],
    ['one was taken back before it began', [term(2, -900), term(30, -5, -6)], 2],
    ['it became the default again for a day of the month', [term(2, -900, -10), term(2, -9)], 7],
  ])('R20: the longest of the last 30 days, where %s', (_where, terms, years) => {
    expect(longestTerm(terms, day(0))).toBe(years);
  });

  it('R20: what is kept begins on the same day of the year, by the date of the campus', () => {
    expect(keptFrom([term(3, -900)], 'Asia/Kolkata', day(0))).toEqual({ years: 3, day: '2027-01-01' });
    const lateMs = Date.parse('2028-02-28T19:00:00Z');
    expect(keptFrom([term(3, -9_000)], 'Asia/Kolkata', lateMs).day).toBe('2025-02-28');
  });
});
