import { useTranslation } from 'react-i18next';
import css from './SkipLinks.module.css';

export function SkipLinks() {
  const { t } = useTranslation();
  return (
    <div className={css.links}>
      <a href="#classes">{t('page.skipClasses')}</a>
      <a href="#taps">{t('page.skipTaps')}</a>
    </div>
  );
}
