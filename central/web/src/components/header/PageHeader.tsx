import { useTranslation } from 'react-i18next';
import { useCampus } from '../../api/useLists.js';
import { Brand } from './Brand.js';
import { CampusClock } from './CampusClock.js';
import { ConnectionIndicator } from './ConnectionIndicator.js';
import { LanguageSwitch } from './LanguageSwitch.js';
import css from './PageHeader.module.css';
import { SchemeSwitch } from './SchemeSwitch.js';

const SECTIONS = [
  { id: 'classes', label: 'sessions.title' },
  { id: 'taps', label: 'feed.title' },
  { id: 'gateways', label: 'gateways.title' },
] as const;

export function PageHeader() {
  const { t } = useTranslation();
  const campus = useCampus().data;
  return (
    <header className={css.header}>
      <div className={css.bar}>
        <Brand />
        <div className={css.place}>
          <h1 className={css.title}>{t('page.title')}</h1>
          {campus == null ? null : <p className={css.campus}>{campus.name}</p>}
        </div>
        <div className={css.tools}>
          <ConnectionIndicator />
          <CampusClock />
          <LanguageSwitch />
          <SchemeSwitch />
        </div>
      </div>
      <nav aria-label={t('page.sections')} className={css.nav}>
        {SECTIONS.map(({ id, label }) => (
          <a key={id} href={`#${id}`} className={css.link}>
            {t(label)}
          </a>
        ))}
      </nav>
    </header>
  );
}
