import { Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useMay } from '../../api/account.js';
import { useBoard, useFleet } from '../../api/useLists.js';
import { groupBoard } from '../../live/board.js';
import { sumCounts } from '../../live/counts.js';
import { useFormats, useNow } from '../../time/TimeProvider.js';
import css from './NowSummary.module.css';

/** The one line that a principal reads. */
export function NowSummary() {
  const { t } = useTranslation();
  const formats = useFormats();
  const nowMs = useNow();
  const board = useBoard();
  const seesGateways = useMay('devices.read');
  const sessions = board.data;
  const gateways = useFleet().data;
  if (sessions === undefined) return board.isError ? null : <Skeleton height={56} mb="lg" radius={12} />;
  const { now } = groupBoard(sessions, nowMs);
  const counts = sumCounts(now);
  const online = (gateways ?? []).filter((gateway) => gateway.state === 'online').length;
  return (
    <dl className={css.summary} aria-label={t('summary.label')}>
      <Figure value={formats.number(now.length)} name={t('summary.classes', { count: now.length })} />
      {now.length === 0
        ? null
        : (['present', 'late', 'pending', 'absent'] as const).map((mark) => (
            <Figure
              key={mark}
              mark={counts[mark] === 0 ? 'none' : mark}
              value={formats.number(counts[mark])}
              name={t(`mark.${mark}`)}
            />
          ))}
      {gateways === undefined || !seesGateways ? null : (
        <Figure
          value={t('summary.gatewaysOf', {
            online: formats.number(online),
            all: formats.number(gateways.length),
          })}
          name={t('summary.gateways')}
        />
      )}
    </dl>
  );
}

function Figure({ value, name, mark }: { value: string; name: string; mark?: string }) {
  return (
    <div className={css.figure} data-mark={mark}>
      <dt className={css.name}>{name}</dt>
      <dd className={css.value}>{value}</dd>
    </div>
  );
}
