import { useTranslation } from 'react-i18next';
import type { SessionStatus } from '../../api/types.js';
import css from './StatusBadge.module.css';

export function StatusBadge({ status }: { status: SessionStatus }) {
  const { t } = useTranslation();
  return (
    <span className={css.badge} data-status={status}>
      {t(`status.${status}`)}
    </span>
  );
}
