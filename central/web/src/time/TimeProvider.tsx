import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { DEFAULT_ZONE } from '../api/queries.js';
import { useCampus } from '../api/useLists.js';
import { isLanguage, LANGUAGES } from '../i18n/languages.js';
import { createFormats, type Formats } from './format.js';

const TICK_MS = 1_000;
const NowContext = createContext(0);
const FormatsContext = createContext<Formats>(createFormats('en-IN', DEFAULT_ZONE));

/** One ticker for the whole page; formats in the zone of the campus and the language of the reader. */
export function TimeProvider({ children }: { children: ReactNode }) {
  const [nowMs, setNowMs] = useState(() => Date.now());
  const { i18n } = useTranslation();
  const zone = useCampus().data?.zone ?? DEFAULT_ZONE;
  const locale = isLanguage(i18n.language) ? LANGUAGES[i18n.language].locale : LANGUAGES.en.locale;
  const formats = useMemo(() => createFormats(locale, zone), [locale, zone]);

  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);

  return (
    <FormatsContext value={formats}>
      <NowContext value={nowMs}>{children}</NowContext>
    </FormatsContext>
  );
}

/** Re-renders the component every second. */
export function useNow(): number {
  return useContext(NowContext);
}

export function useFormats(): Formats {
  return useContext(FormatsContext);
}
