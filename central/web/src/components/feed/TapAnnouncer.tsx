import { VisuallyHidden } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLink } from '../../live/LiveProvider.js';

/** A class walks in within a minute: one sentence in this time, not sixty. */
const ANNOUNCE_EVERY_MS = 20_000;

/** Tells a screen reader how many taps came, never each of them. */
export function TapAnnouncer() {
  const { t } = useTranslation();
  const link = useLink();
  const heard = useRef({ taps: 0, problems: 0 });
  const [text, setText] = useState('');

  useEffect(() => {
    const forget = link.onEvent((event) => {
      if (event.type !== 'punch') return;
      heard.current.taps += 1;
      if (event.data.outcome !== 'recognized') heard.current.problems += 1;
    });
    const timer = setInterval(() => {
      const { taps, problems } = heard.current;
      if (taps === 0) return;
      heard.current = { taps: 0, problems: 0 };
      const first = t('feed.announce', { count: taps });
      setText(problems === 0 ? first : `${first}, ${t('feed.announceProblems', { count: problems })}`);
    }, ANNOUNCE_EVERY_MS);
    return () => {
      forget();
      clearInterval(timer);
    };
  }, [link, t]);

  return (
    <VisuallyHidden aria-live="polite" data-testid="tap-announcer">
      {text}
    </VisuallyHidden>
  );
}
