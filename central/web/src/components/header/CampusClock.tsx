import { useTranslation } from 'react-i18next';
import { useFormats, useNow } from '../../time/TimeProvider.js';
import css from './CampusClock.module.css';

export function CampusClock() {
  const { t } = useTranslation();
  const formats = useFormats();
  const nowMs = useNow();
  return (
    <p className={css.clock} title={t('header.campusTime')}>
      <span className={css.label}>{t('header.campusTime')} </span>
      <span className={css.day}>{formats.day(nowMs)}</span>
      <time className={css.time} dateTime={new Date(nowMs).toISOString()}>
        {formats.clock(nowMs)}
      </time>
    </p>
  );
}
