import { useTranslation } from 'react-i18next';
import type { ClassSession } from '../../api/types.js';
import { minutesUntil } from '../../time/format.js';
import { useFormats, useNow } from '../../time/TimeProvider.js';
import css from './TimeProgress.module.css';

export function TimeProgress({ session }: { session: ClassSession }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const nowMs = useNow();
  const startMs = Date.parse(session.start_at);
  const endMs = Date.parse(session.end_at);
  const passed = Math.min(1, Math.max(0, (nowMs - startMs) / (endMs - startMs)));
  return (
    <div className={css.progress}>
      <div
        className={css.track}
        role="progressbar"
        aria-label={t('sessions.progress')}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(passed * 100)}
      >
        <div className={css.fill} style={{ width: `${passed * 100}%` }} />
      </div>
      <span className={css.text}>{remaining()}</span>
    </div>
  );

  function remaining(): string {
    if (nowMs < startMs) return t('sessions.starts', { count: minutesUntil(session.start_at, nowMs) });
    if (nowMs < endMs) return t('sessions.left', { count: minutesUntil(session.end_at, nowMs) });
    return session.status === 'open'
      ? t('sessions.over')
      : t('sessions.endedAgo', { ago: formats.ago(session.end_at, nowMs) });
  }
}
