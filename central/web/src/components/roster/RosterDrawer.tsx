import { Drawer } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useBoard } from '../../api/useLists.js';
import { Roster } from './Roster.js';
import css from './RosterDrawer.module.css';
import { RosterHead } from './RosterHead.js';

export function RosterDrawer() {
  const { t } = useTranslation();
  const { session: sessionId } = useSearch({ strict: false });
  const navigate = useNavigate();
  const board = useBoard().data;
  const session = board?.find((one) => one.id === sessionId);
  const close = (): void => void navigate({ to: '/', search: {}, resetScroll: false });
  return (
    <Drawer.Root opened={sessionId !== undefined} onClose={close} position="right" size="34rem">
      <Drawer.Overlay backgroundOpacity={0.45} />
      <Drawer.Content className={css.content ?? ''}>
        <Drawer.Header className={css.header ?? ''}>
          <Drawer.Title component="h2" className={css.title ?? ''}>
            {session === undefined ? t('sessions.title') : <RosterHead session={session} />}
          </Drawer.Title>
          <Drawer.CloseButton aria-label={t('roster.close')} size="lg" />
        </Drawer.Header>
        <Drawer.Body>
          {session === undefined && board !== undefined ? (
            <p className={css.missing}>{t('roster.notFound')}</p>
          ) : null}
          {sessionId === undefined ? null : <Roster sessionId={sessionId} session={session} />}
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}
