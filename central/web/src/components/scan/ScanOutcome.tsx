import { IconCircleCheck } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { ScanResult } from '../../api/code.js';
import { useFormats } from '../../time/TimeProvider.js';
import css from './ScanOutcome.module.css';

export function ScanOutcome({ result }: { result: ScanResult }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const { session, mark } = result;
  const words = { mark: t(`mark.${mark}`) };
  return (
    <div role="status" className={css.outcome} data-mark={mark}>
      <IconCircleCheck size={56} aria-hidden="true" className={css.icon} />
      <p className={css.mark}>{result.already_recorded ? t('scan.already', words) : t('scan.done', words)}</p>
      <p className={css.where}>
        {t('scan.at', {
          course: session.course.title,
          room: session.room.name,
          time: result.marked_at === null ? '' : formats.clock(result.marked_at),
        })}
      </p>
      {result.is_verified ? null : <p className={css.note}>{t('scan.unverified')}</p>}
    </div>
  );
}
