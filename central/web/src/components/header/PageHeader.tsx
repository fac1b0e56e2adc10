import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useAccount } from '../../api/account.js';
import { useCampus } from '../../api/useLists.js';
import { AccountMenu } from '../account/AccountMenu.js';
import { Brand } from './Brand.js';
import { CampusClock } from './CampusClock.js';
import { ConnectionIndicator } from './ConnectionIndicator.js';
import { LanguageSwitch } from './LanguageSwitch.js';
import css from './PageHeader.module.css';
import { SchemeSwitch } from './SchemeSwitch.js';

const SECTIONS = [
  { id: 'classes', label: 'sessions.title', permission: 'sessions.read' },
  { id: 'taps', label: 'feed.title', permission: 'evidence.read' },
  { id: 'gateways', label: 'gateways.title', permission: 'devices.read' },
] as const;

/** @param hasSections whether the page has the parts that the navigation leads to */
export function PageHeader({ hasSections = true }: { hasSections?: boolean }) {
  const { t } = useTranslation();
  const campus = useCampus().data;
  const permissions = useAccount()?.permissions ?? [];
  return (
    <header className={css.header}>
      <div className={css.bar}>
        <Brand />
        <div className={css.place}>
          <h1 className={css.title}>{t(hasSections ? 'page.title' : 'page.name')}</h1>
          {campus == null ? null : <p className={css.campus}>{campus.name}</p>}
        </div>
        <div className={css.tools}>
          <ConnectionIndicator />
          <CampusClock />
          <LanguageSwitch />
          <SchemeSwitch />
          {permissions.includes('qr.scan') ? (
            <Link to="/scan" className={css.scan ?? ''}>
              {t('scan.link')}
            </Link>
          ) : null}
          <AccountMenu />
        </div>
      </div>
      {hasSections ? (
        <nav aria-label={t('page.sections')} className={css.nav}>
          {SECTIONS.filter(({ permission }) => permissions.includes(permission)).map(({ id, label }) => (
            <a key={id} href={`#${id}`} className={css.link}>
              {t(label)}
            </a>
          ))}
        </nav>
      ) : null}
    </header>
  );
}
