import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { type FeedRow, tapTime } from '../../live/feed.js';
import { useFormats } from '../../time/TimeProvider.js';
import { MarkBadge } from '../common/MarkBadge.js';
import { OutcomeBadge } from './OutcomeBadge.js';
import css from './TapRow.module.css';

export const TapRow = memo(function TapRow({ row }: { row: FeedRow }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const at = tapTime(row);
  return (
    <li className={css.row} data-outcome={row.outcome} data-arrived={row.arrived === true}>
      <time className={css.time} dateTime={at}>
        {formats.clock(at)}
      </time>
      <div className={css.body}>
        <p className={css.who}>
          <Who row={row} />
        </p>
        <p className={css.where}>
          {row.room_name === null
            ? t('feed.noPlace')
            : t('feed.place', { room: row.room_name, building: row.building_name ?? '' })}
          {'\u00a0· '}
          {row.device_name}
        </p>
      </div>
      <div className={css.result}>
        {row.mark == null ? null : <MarkBadge mark={row.mark} />}
        <OutcomeBadge outcome={row.outcome} />
      </div>
    </li>
  );
});

function Who({ row }: { row: FeedRow }) {
  const { t } = useTranslation();
  if (row.student == null) {
    return (
      <span className={css.nobody}>{t(row.outcome === 'ambiguous' ? 'feed.several' : 'feed.nobody')}</span>
    );
  }
  return (
    <>
      <span className={css.name}>{row.student.name}</span>
      <span className={css.roll}>{row.student.roll_number}</span>
    </>
  );
}
