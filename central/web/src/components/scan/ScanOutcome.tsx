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
  const { session, already_recorded, recorded_at, is_verified } = scanned.result;
  // Who has no scan was recorded by a card or finger at the time of the mark, or by a person.
  const at = recorded_at ?? marked_at;
  const recorded = already_recorded ? 'scan.already' : 'scan.recorded';
  const receipt = at === null ? t(recorded) : t(`${recorded}At`, { time: formats.clock(at) });
  return (
    <div className={css.outcome} data-mark={mark}>
      <IconCircleCheck size={56} aria-hidden="true" className={css.icon} />
      <p className={css.mark}>{mark === 'pending' ? receipt : t(`mark.${mark}`)}</p>
      {mark === 'pending' ? null : <p className={css.where}>{receipt}</p>}
      <p className={css.where}>
        {t('scan.where', { course: session.course.title, room: session.room.name })}
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
