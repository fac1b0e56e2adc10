import { Skeleton, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { rosterQuery } from '../../api/queries.js';
import type { ClassSession, Gateway, Mark } from '../../api/types.js';
import { useFleet } from '../../api/useLists.js';
import { ProblemNotice } from '../common/ProblemNotice.js';
import { WaitingNote } from '../sessions/WaitingNote.js';
import { filterRoster, tallyRoster } from './filter-roster.js';
import { MarkFilter } from './MarkFilter.js';
import css from './Roster.module.css';
import { RosterRow } from './RosterRow.js';

interface RosterProps {
  sessionId: string;
  session: ClassSession | undefined;
}

export function Roster({ sessionId, session }: RosterProps) {
  const { t } = useTranslation();
  const roster = useQuery(rosterQuery(sessionId));
  const gateways = useFleet().data;
  const [text, setText] = useState('');
  const [mark, setMark] = useState<Mark | null>(null);
  const byId = useMemo(
    () => new Map((gateways ?? []).map((gateway): [string, Gateway] => [gateway.id, gateway])),
    [gateways],
  );
  const records = roster.data ?? [];
  const found = filterRoster(records, { text, mark });
  return (
    <div className={css.roster}>
      {session === undefined ? null : <WaitingNote session={session} gateways={byId} />}
      {roster.isError ? (
        <ProblemNotice
          error={roster.error}
          refresh={roster.data !== undefined}
          onRetry={() => void roster.refetch()}
        />
      ) : null}
      {roster.isPending ? <Skeleton height={320} radius={12} /> : null}
      {roster.data !== undefined && records.length === 0 ? (
        <p className={css.empty}>{t('roster.empty')}</p>
      ) : null}
      {records.length > 0 ? (
        <>
          <MarkFilter tally={tallyRoster(records)} all={records.length} mark={mark} onChange={setMark} />
          <TextInput
            aria-label={t('roster.search')}
            placeholder={t('roster.search')}
            type="search"
            leftSection={<IconSearch size={16} aria-hidden="true" />}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <ul className={css.list}>
            {found.map((record) => (
              <RosterRow key={record.id} record={record} gateways={byId} />
            ))}
          </ul>
          {found.length === 0 ? <p className={css.empty}>{t('roster.noMatch')}</p> : null}
        </>
      ) : null}
    </div>
  );
}
