import { Skeleton } from '@mantine/core';
import { IconRouterOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useFleet } from '../../api/useLists.js';
import { EmptyState } from '../common/EmptyState.js';
import { Panel } from '../common/Panel.js';
import { ProblemNotice } from '../common/ProblemNotice.js';
import { GatewayCard } from './GatewayCard.js';
import css from './GatewayPanel.module.css';

export function GatewayPanel() {
  const { t } = useTranslation();
  const fleet = useFleet();
  const gateways = fleet.data ?? [];
  return (
    <Panel id="gateways" title={t('gateways.title')}>
      {fleet.isError ? (
        <ProblemNotice
          error={fleet.error}
          refresh={fleet.data !== undefined}
          onRetry={() => void fleet.refetch()}
        />
      ) : null}
      {fleet.isPending ? <Skeleton height={160} radius={12} aria-hidden="true" /> : null}
      {fleet.data !== undefined && gateways.length === 0 ? (
        <EmptyState
          icon={<IconRouterOff size={32} />}
          title={t('gateways.emptyTitle')}
          hint={t('gateways.emptyHint')}
        />
      ) : null}
      <ul className={css.grid}>
        {gateways.map((gateway) => (
          <GatewayCard key={gateway.id} gateway={gateway} />
        ))}
      </ul>
    </Panel>
  );
}
