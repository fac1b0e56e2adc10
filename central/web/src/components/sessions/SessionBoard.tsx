import { IconCalendarOff } from '@tabler/icons-react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { ClassSession, Gateway } from '../../api/types.js';
import { useBoard, useFleet } from '../../api/useLists.js';
import { groupBoard } from '../../live/board.js';
import { useNow } from '../../time/TimeProvider.js';
import { EmptyState } from '../common/EmptyState.js';
import { Panel } from '../common/Panel.js';
import { ProblemNotice } from '../common/ProblemNotice.js';
import { BoardSkeleton } from './BoardSkeleton.js';
import css from './SessionBoard.module.css';
import { SessionCard } from './SessionCard.js';

export function SessionBoard() {
  const { t } = useTranslation();
  const board = useBoard();
  const gateways = useFleet().data;
  const nowMs = useNow();
  const sessions = board.data ?? [];
  const groups = groupBoard(sessions, nowMs);
  const byId = useMemo(() => new Map((gateways ?? []).map((gateway) => [gateway.id, gateway])), [gateways]);
  return (
    <Panel id="classes" title={t('sessions.title')}>
      {board.isError ? (
        <ProblemNotice
          error={board.error}
          refresh={board.data !== undefined}
          onRetry={() => void board.refetch()}
        />
      ) : null}
      {board.isPending ? <BoardSkeleton /> : null}
      {board.data !== undefined && groups.now.length === 0 ? (
        <EmptyState
          icon={<IconCalendarOff size={32} />}
          title={t('sessions.emptyTitle')}
          hint={t(sessions.length === 0 ? 'sessions.noneToday' : 'sessions.emptyHint')}
        />
      ) : null}
      <Group title={t('sessions.now')} sessions={groups.now} gateways={byId} />
      <Group title={t('sessions.next')} sessions={groups.next} gateways={byId} />
      <Group title={t('sessions.ended')} sessions={groups.ended} gateways={byId} />
    </Panel>
  );
}

interface GroupProps {
  title: string;
  sessions: ClassSession[];
  gateways: ReadonlyMap<string, Gateway>;
}

function Group({ title, sessions, gateways }: GroupProps) {
  if (sessions.length === 0) return null;
  return (
    <div className={css.group}>
      <h3 className={css.heading}>
        {title} <span className={css.count}>{sessions.length}</span>
      </h3>
      <ul className={css.grid}>
        {sessions.map((session) => (
          <SessionCard key={session.id} session={session} gateways={gateways} />
        ))}
      </ul>
    </div>
  );
}
