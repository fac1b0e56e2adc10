import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ScreenCode } from '../../api/code.js';
import css from './CodeCountdown.module.css';

const TICK_MS = 250;

/** Counts down one step (a key per code starts it anew), by this screen's own clock from the moment the code arrived: only central's differences are used. */
export function CodeCountdown({ code }: { code: ScreenCode }) {
  const { t } = useTranslation();
  const lifeMs = Date.parse(code.step_ends_at) - Date.parse(code.server_time);
  const [leftMs, setLeftMs] = useState(lifeMs);
  useEffect(() => {
    const startMs = performance.now();
    setLeftMs(lifeMs);
    const timer = setInterval(() => setLeftMs(Math.max(0, lifeMs - (performance.now() - startMs))), TICK_MS);
    return () => clearInterval(timer);
  }, [lifeMs]);
  return (
    <div className={css.countdown}>
      <progress className={css.bar} max={lifeMs} value={leftMs} aria-hidden="true" />
      <p className={css.text}>{t('code.step', { seconds: Math.ceil(leftMs / 1_000) })}</p>
    </div>
  );
}
