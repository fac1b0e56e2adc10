import type { HumanDecision, Mark } from './facts.js';

/** The letters of a register and the mark that each of them is, as stamped on a class: `P:present,OD:excused` (case 42). */
export type Vocabulary = string;

/** What classes have that were made before there was a vocabulary. */
export const FIRST_VOCABULARY: Vocabulary = 'P:present,A:absent,L:late,E:excused';

const WORDS = ['present', 'absent', 'late', 'excused'] as const;

export interface WrittenMark {
  mark: HumanDecision['mark'];
  /** Null where it was written in words. */
  letter: string | null;
}

/** What somebody wrote, a letter of this vocabulary or one of the four words in any case; undefined: neither. */
export function readMark(vocabulary: Vocabulary, written: string): WrittenMark | undefined {
  const word = WORDS.find((one) => one === written.toLowerCase());
  if (word !== undefined) return { mark: word, letter: null };
  const letter = written.toUpperCase();
  const mark = lettersOf(vocabulary).find(([known]) => known === letter)?.[1];
  return mark === undefined ? undefined : { mark, letter };
}

/**
 * The letter that stands in the register for a mark: the one that it was written with, else the first that means it.
 * Null where none does, and for marks that are not final.
 */
export function letterOf(vocabulary: Vocabulary, mark: Mark, written: string | null): string | null {
  const meaning = lettersOf(vocabulary).filter(([, one]) => one === mark);
  const same = meaning.find(([letter]) => letter === written) ?? meaning[0];
  return same?.[0] ?? null;
}

/** For a person who wrote something else, as in `P, A, L, E or OD`. */
export const lettersToWrite = (vocabulary: Vocabulary): string =>
  lettersOf(vocabulary)
    .map(([letter]) => letter)
    .join(', ')
    .replace(/, (\w+)$/, ' or $1');

const lettersOf = (vocabulary: Vocabulary): [string, HumanDecision['mark']][] =>
  vocabulary.split(',').map((part) => part.split(':') as [string, HumanDecision['mark']]);
