import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { isLanguage, LANGUAGES, type Language, preferredLanguage } from './languages.js';

const STORAGE_KEY = 'rollcall-language';

/** All three languages are in the bundle (20 kB): a switch needs no request and works while offline. */
export async function startTranslation(): Promise<void> {
  const stored = localStorage.getItem(STORAGE_KEY);
  const language = isLanguage(stored) ? stored : preferredLanguage(navigator.languages);
  i18next.on('languageChanged', (tag) => {
    document.documentElement.lang = tag;
  });
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'en',
    resources: Object.fromEntries(
      Object.entries(LANGUAGES).map(([tag, { texts }]) => [tag, { translation: texts }]),
    ),
    interpolation: { escapeValue: false },
    returnNull: false,
  });
}

export async function switchLanguage(language: Language): Promise<void> {
  localStorage.setItem(STORAGE_KEY, language);
  await i18next.changeLanguage(language);
}
