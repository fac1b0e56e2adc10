import { Button } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { ApiProblem, NO_ANSWER } from '../../api/problem.js';
import css from './ProblemNotice.module.css';

interface ProblemNoticeProps {
  error: unknown;
  /** Something older is still shown below. */
  refresh?: boolean;
  onRetry(): void;
}

/** What central said, in its own words, with the code that a support call needs. */
export function ProblemNotice({ error, refresh = false, onRetry }: ProblemNoticeProps) {
  const { t } = useTranslation();
  const code = error instanceof ApiProblem ? error.code : 'PAGE_ERROR';
  const detail = code === NO_ANSWER ? t('error.noAnswer') : String((error as Error).message);
  return (
    <div className={css.notice} role="alert">
      <IconAlertTriangle size={20} aria-hidden="true" className={css.icon} />
      <div className={css.body}>
        <p className={css.title}>{t(refresh ? 'error.refresh' : 'error.load')}</p>
        <p className={css.detail}>{detail}</p>
        <p className={css.code}>{t('error.code', { code })}</p>
      </div>
      <Button variant="default" size="xs" onClick={onRetry}>
        {t('error.retry')}
      </Button>
    </div>
  );
}
