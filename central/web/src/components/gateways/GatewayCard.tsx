import { IconAlertTriangle, IconPlugConnected, IconPlugConnectedX, IconPlugOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Gateway } from '../../api/types.js';
import { useFeed } from '../../api/useLists.js';
import { latestTaps } from '../../live/feed.js';
import { useFormats, useNow } from '../../time/TimeProvider.js';
import { DeviceList } from './DeviceList.js';
import css from './GatewayCard.module.css';

const STATE_ICONS = { online: IconPlugConnected, offline: IconPlugConnectedX, never: IconPlugOff };
/** Above this the estimate says nothing that anybody would act on today. */
const HOURS_LEFT_SHOWN = 72;

export function GatewayCard({ gateway }: { gateway: Gateway }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const nowMs = useNow();
  const feed = useFeed().data;
  const StateIcon = STATE_ICONS[gateway.state];
  return (
    <li className={css.card} data-gateway={gateway.id}>
      <div className={css.top}>
        <h3 className={css.name}>
          {gateway.name} <span className={css.id}>{gateway.id}</span>
        </h3>
        <span className={css.state} data-state={gateway.state}>
          <StateIcon size={16} aria-hidden="true" />
          {t(`gateways.${gateway.state}`)}
        </span>
      </div>
      <p className={css.facts}>
        <span>
          {gateway.last_seen_at === null
            ? t('gateways.neverSeen')
            : t('gateways.lastSeen', { ago: formats.ago(gateway.last_seen_at, nowMs) })}
        </span>
        <Queue depth={gateway.queue_depth} />
        {gateway.clock_state === null ? null : <span>{t(`gateways.clock.${gateway.clock_state}`)}</span>}
        {gateway.hours_left === null || gateway.hours_left > HOURS_LEFT_SHOWN ? null : (
          <strong className={css.warning}>
            {t('gateways.hoursLeft', { count: Math.floor(gateway.hours_left) })}
          </strong>
        )}
      </p>
      {gateway.problems.length > 0 ? (
        <ul className={css.problems}>
          {gateway.problems.map((code) => (
            <Problem key={code} code={code} critical={gateway.level === 'critical'} />
          ))}
        </ul>
      ) : null}
      <DeviceList
        devices={gateway.devices}
        isKnown={gateway.state === 'online'}
        taps={latestTaps(feed ?? [], gateway.id)}
      />
    </li>
  );
}

function Queue({ depth }: { depth: number | null }) {
  const { t } = useTranslation();
  if (depth === null) return <span>{t('gateways.queueUnknown')}</span>;
  if (depth === 0) return <span>{t('gateways.queueNone')}</span>;
  return <strong className={css.warning}>{t('gateways.queue', { count: depth })}</strong>;
}

function Problem({ code, critical }: { code: string; critical: boolean }) {
  const { t } = useTranslation();
  return (
    <li className={css.problem} data-critical={critical}>
      <IconAlertTriangle size={16} aria-hidden="true" className={css.icon} />
      {t(`problem.${code}`, { defaultValue: t('problem.other', { code }) })}
    </li>
  );
}
