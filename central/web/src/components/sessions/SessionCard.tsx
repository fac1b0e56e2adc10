import { IconQrcode } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useMay } from '../../api/account.js';
import type { ClassSession, Gateway } from '../../api/types.js';
import { useFormats } from '../../time/TimeProvider.js';
import { CountsBar } from './CountsBar.js';
import css from './SessionCard.module.css';
import { StatusBadge } from './StatusBadge.js';
import { TimeProgress } from './TimeProgress.js';
import { WaitingNote } from './WaitingNote.js';

interface SessionCardProps {
  session: ClassSession;
  gateways: ReadonlyMap<string, Gateway>;
}

export function SessionCard({ session, gateways }: SessionCardProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const showsCode = useMay('qr.show') && session.status === 'open';
  const label = t('sessions.open', { course: session.course.title, section: session.section.name });
  return (
    <li className={css.card} data-session={session.id}>
      <div className={css.top}>
        <h4 className={css.title}>
          <Link
            to="/"
            search={{ session: session.id }}
            resetScroll={false}
            className={css.link}
            aria-label={label}
          >
            {session.course.title}
          </Link>
        </h4>
        <StatusBadge status={session.status} />
      </div>
      <p className={css.meta}>
        <span className={css.code}>{session.course.code}</span>
        <span>{session.section.name}</span>
        <span>{session.faculty.name}</span>
      </p>
      <p className={css.when}>
        <span className={css.room}>{session.room.name}</span>
        <span className={css.building}>{session.building.name}</span>
        <span className={css.range}>{formats.range(session.start_at, session.end_at)}</span>
      </p>
      <TimeProgress session={session} />
      <CountsBar counts={session.counts} />
      <WaitingNote session={session} gateways={gateways} />
      {showsCode ? (
        <Link to="/code/$sessionId" params={{ sessionId: session.id }} className={css.show ?? ''}>
          <IconQrcode size={18} aria-hidden="true" />
          {t('code.open')}
        </Link>
      ) : null}
    </li>
  );
}
