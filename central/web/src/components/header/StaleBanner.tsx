import { Button } from '@mantine/core';
import { IconPlugConnectedX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useLink, useLinkStatus } from '../../live/LiveProvider.js';
import { useFormats, useNow } from '../../time/TimeProvider.js';
import css from './StaleBanner.module.css';

/** Old data must look old: how old, and what to do about it. */
export function StaleBanner() {
  const { t } = useTranslation();
  const link = useLink();
  const { state, lastLiveMs } = useLinkStatus();
  const formats = useFormats();
  const nowMs = useNow();
  if (state === 'live' || state === 'connecting') return null;
  const text =
    lastLiveMs === null
      ? t('connection.never')
      : t('connection.stale', { time: formats.clock(lastLiveMs), ago: formats.ago(lastLiveMs, nowMs) });
  return (
    <div className={css.banner}>
      <IconPlugConnectedX size={20} aria-hidden="true" />
      <p className={css.text}>{text}</p>
      <Button variant="default" size="xs" onClick={link.retryNow}>
        {t('connection.retry')}
      </Button>
    </div>
  );
}
