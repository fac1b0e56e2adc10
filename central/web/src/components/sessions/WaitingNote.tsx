import { IconHourglass } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { ClassSession, Gateway } from '../../api/types.js';
import { useFormats } from '../../time/TimeProvider.js';
import css from './WaitingNote.module.css';

interface WaitingNoteProps {
  session: ClassSession;
  gateways: ReadonlyMap<string, Gateway>;
}

/** Why nobody is absent yet: a closed class waits until its gateways have reported past the end. */
export function WaitingNote({ session, gateways }: WaitingNoteProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  if (session.waiting_for.length === 0) return null;
  const names = session.waiting_for.map((id) => gateways.get(id)?.name ?? id);
  const heard = session.waiting_for.map((id) => gateways.get(id)?.last_seen_at ?? null);
  const oldest = heard.includes(null) ? null : (heard.toSorted()[0] ?? null);
  return (
    <p className={css.note}>
      <IconHourglass size={16} aria-hidden="true" className={css.icon} />
      <span>
        {t('sessions.waiting', { gateways: formats.list(names) })}
        {', '}
        {oldest === null
          ? t('sessions.neverHeard')
          : t('sessions.lastHeard', { time: formats.minute(oldest) })}
        {'; '}
        {t('sessions.withheld')}
      </span>
    </p>
  );
}
