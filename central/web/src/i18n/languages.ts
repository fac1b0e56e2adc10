import { en } from './en.js';
import { hi } from './hi.js';
import { te } from './te.js';

/** In the order of the switch; each name in its own language, so that it is found by whoever needs it. */
export const LANGUAGES = {
  en: { name: 'English', locale: 'en-IN', texts: en },
  te: { name: 'తెలుగు', locale: 'te-IN', texts: te },
  hi: { name: 'हिन्दी', locale: 'hi-IN', texts: hi },
} as const;

export type Language = keyof typeof LANGUAGES;

export function isLanguage(value: string | null): value is Language {
  return value !== null && Object.hasOwn(LANGUAGES, value);
}

/** The first language of the browser that the page speaks. */
export function preferredLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const base = tag.split('-')[0] ?? '';
    if (isLanguage(base)) return base;
  }
  return 'en';
}
