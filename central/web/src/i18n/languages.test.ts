import { ERROR_CODES } from '@rollcall/protocol/errors';
import { describe, expect, it } from 'vitest';
import { IGNORE_REASONS, REASONS } from '../../../src/rules/reasons.js';
import { LANGUAGES, preferredLanguage } from './languages.js';

type Tree = { [key: string]: string | Tree };

function flat(tree: Tree, prefix = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [[prefix + key, value] as [string, string]] : flat(value, `${prefix}${key}.`),
  );
}

const placeholders = (text: string): string[] =>
  [...text.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1] ?? '').sort();

describe('the translations', () => {
  const reference = new Map(flat(LANGUAGES.en.texts));

  for (const language of ['te', 'hi'] as const) {
    const translated = flat(LANGUAGES[language].texts);

    it(`has every text in ${language}, with the same placeholders`, () => {
      expect(translated.map(([key]) => key).sort()).toEqual([...reference.keys()].sort());
      for (const [key, text] of translated) {
        expect(text.trim(), key).not.toBe('');
        expect(placeholders(text), key).toEqual(placeholders(reference.get(key) ?? ''));
      }
    });

    it(`leaves no English sentence in ${language}`, () => {
      const script = language === 'te' ? /\p{Script=Telugu}/u : /\p{Script=Devanagari}/u;
      const untranslated = translated.filter(
        ([, text]) => !script.test(text) && /[A-Za-z]{2}/.test(text.replaceAll(/\{\{\w+\}\}/g, '')),
      );
      expect(untranslated).toEqual([]);
    });
  }

  it('has each plural form that the languages need', () => {
    for (const { locale } of Object.values(LANGUAGES)) {
      expect(new Intl.PluralRules(locale).resolvedOptions().pluralCategories.toSorted()).toEqual([
        'one',
        'other',
      ]);
    }
    const ones = [...reference.keys()].filter((key) => key.endsWith('_one'));
    for (const key of ones) expect(reference.has(key.replace(/_one$/, '_other')), key).toBe(true);
  });
});

describe('the words of the other workspaces', () => {
  const { problem, ignored, reason } = LANGUAGES.en.texts;

  it('has words for every reason why a tap does not count', () => {
    expect(Object.keys(ignored).sort()).toEqual(Object.keys(IGNORE_REASONS).sort());
  });

  it('has words for every reason of a mark that no sentence about taps covers', () => {
    const told = ['ON_TIME', 'LATE', 'ARRIVED_AFTER_CUTOFF', 'NO_CAPTURE_YET', 'NO_CAPTURE'];
    expect([...Object.keys(reason), ...told].sort()).toEqual(Object.keys(REASONS).sort());
  });

  it('explains no problem that does not exist', () => {
    const unknown = Object.keys(problem).filter(
      (code) => code !== 'other' && !Object.hasOwn(ERROR_CODES, code),
    );
    expect(unknown).toEqual([]);
  });
});

describe('preferredLanguage', () => {
  it('takes the first one it speaks, else English', () => {
    expect(preferredLanguage(['ta-IN', 'te-IN', 'en'])).toBe('te');
    expect(preferredLanguage(['ta-IN', 'fr'])).toBe('en');
  });
});
