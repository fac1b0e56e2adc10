import { useTranslation } from 'react-i18next';
import { useMay } from '../../api/account.js';
import css from './SkipLinks.module.css';

export function SkipLinks() {
  const { t } = useTranslation();
  const seesSessions = useMay('sessions.read');
  const seesTaps = useMay('evidence.read');
  return (
    <div className={css.links}>
      {seesSessions ? <a href="#classes">{t('page.skipClasses')}</a> : null}
      {seesTaps ? <a href="#taps">{t('page.skipTaps')}</a> : null}
    </div>
  );
}
