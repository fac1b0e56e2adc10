import { describe, expect, it } from 'vitest';
import { FIRST_VOCABULARY, letterOf, lettersToWrite, readMark } from './vocabulary.js';

const WITH_DUTY = `${FIRST_VOCABULARY},OD:excused`;

describe('the letters of a register (case 42)', () => {
  it('reads letters and words in any case, and nothing that the class does not have', () => {
    expect(readMark(WITH_DUTY, 'od')).toEqual({ mark: 'excused', letter: 'OD' });
    expect(readMark(WITH_DUTY, 'Late')).toEqual({ mark: 'late', letter: null });
    for (const written of ['OD', '', 'X', 'P:present', 'pending', 'toString']) {
      expect(readMark(FIRST_VOCABULARY, written)).toBeUndefined();
    }
    // A college may mean something else by a letter.
    expect(readMark('P:present,L:excused,A:absent', 'L')?.mark).toBe('excused');
  });

  it('writes the letter that was written where it means the mark, else the first that does', () => {
    expect(letterOf(WITH_DUTY, 'excused', 'OD')).toBe('OD');
    expect(letterOf(WITH_DUTY, 'excused', null)).toBe('E');
    expect(letterOf(WITH_DUTY, 'present', 'OD')).toBe('P');
    expect(letterOf('P:present', 'absent', null)).toBeNull();
    expect(letterOf(WITH_DUTY, 'pending', null)).toBeNull();
    expect(lettersToWrite(WITH_DUTY)).toBe('P, A, L, E or OD');
  });
});
