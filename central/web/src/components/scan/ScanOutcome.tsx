import { IconCircleCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ownMarkQuery, type Scanned } from '../../api/own-mark.js';
import { useLink } from '../../live/LiveProvider.js';
import { useFormats } from '../../time/TimeProvider.js';
import css from './ScanOutcome.module.css';

/** Whoever looks at the phone for so long is told that the mark comes without them. */
const WATCHED_MS = 10_000;

/** The receipt of a scan, which stays whatever becomes of the network, and its mark as soon as it is there. */
export function ScanOutcome({ scanned }: { scanned: Scanned }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const isLong = useIsPast(WATCHED_MS);
  const { mark, marked_at } = useQuery(ownMarkQuery(useLink().journal, scanned)).data;
  const { session, already_recorded, is_verified } = scanned.result;
  const words = { mark: t(`mark.${mark}`) };
  const receipt = already_recorded ? t('scan.receivedBefore') : t('scan.received');
  const outcome = already_recorded ? t('scan.already', words) : t('scan.done', words);
  const where = { course: session.course.title, room: session.room.name };
  return (
    <div className={css.outcome} data-mark={mark}>
      <IconCircleCheck size={56} aria-hidden="true" className={css.icon} />
      <p className={css.mark}>{mark === 'pending' ? receipt : outcome}</p>
      <p className={css.where}>
        {marked_at === null
          ? t('scan.where', where)
          : t('scan.at', { ...where, time: formats.clock(marked_at) })}
      </p>
      {mark === 'pending' ? (
        <p className={css.wait}>{isLong ? t('scan.markFollows') : t('scan.markSoon')}</p>
      ) : null}
      {is_verified ? null : <p className={css.note}>{t('scan.unverified')}</p>}
    </div>
  );
}

/** @returns whether the component has been on the page for longer */
function useIsPast(afterMs: number): boolean {
  const [isPast, setIsPast] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsPast(true), afterMs);
    return () => clearTimeout(timer);
  }, [afterMs]);
  return isPast;
}
