import { useTranslation } from 'react-i18next';
import { useLinkStatus } from '../../live/LiveProvider.js';
import css from './ConnectionIndicator.module.css';

/** The state in words and by a shape; a change is spoken once. */
export function ConnectionIndicator() {
  const { t } = useTranslation();
  const { state } = useLinkStatus();
  return (
    <p className={css.indicator} data-state={state} role="status">
      <span className={css.light} aria-hidden="true" />
      {t(`connection.${state}`)}
    </p>
  );
}
