import { Button } from '@mantine/core';
import { IconId } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFeed } from '../../api/useLists.js';
import { FEED_ROWS_MAX } from '../../live/feed.js';
import { EmptyState } from '../common/EmptyState.js';
import { Panel } from '../common/Panel.js';
import { ProblemNotice } from '../common/ProblemNotice.js';
import { FeedSkeleton } from './FeedSkeleton.js';
import css from './TapFeed.module.css';
import { TapRow } from './TapRow.js';

const FIRST_ROWS = 25;
const MORE_ROWS = 50;

export function TapFeed() {
  const { t } = useTranslation();
  const feed = useFeed();
  const [shown, setShown] = useState(FIRST_ROWS);
  const rows = feed.data ?? [];
  const older = Math.min(MORE_ROWS, rows.length - shown);
  return (
    <Panel id="taps" title={t('feed.title')} aside={<span className={css.order}>{t('feed.order')}</span>}>
      {feed.isError ? (
        <ProblemNotice
          error={feed.error}
          refresh={feed.data !== undefined}
          onRetry={() => void feed.refetch()}
        />
      ) : null}
      {feed.isPending ? <FeedSkeleton /> : null}
      {feed.data !== undefined && rows.length === 0 ? (
        <EmptyState icon={<IconId size={32} />} title={t('feed.emptyTitle')} hint={t('feed.emptyHint')} />
      ) : null}
      {rows.length > 0 ? (
        <ol className={css.list}>
          {rows.slice(0, shown).map((row) => (
            <TapRow key={row.punch_id} row={row} />
          ))}
        </ol>
      ) : null}
      {older > 0 ? (
        <Button variant="default" fullWidth mt="sm" onClick={() => setShown(shown + MORE_ROWS)}>
          {t('feed.older', { count: older })}
        </Button>
      ) : null}
      {rows.length === FEED_ROWS_MAX && older <= 0 ? (
        <p className={css.bound}>{t('feed.bound', { count: FEED_ROWS_MAX })}</p>
      ) : null}
    </Panel>
  );
}
