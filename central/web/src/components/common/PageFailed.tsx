import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import css from './PageFailed.module.css';

/** The last resort: a defect of the page itself. */
export function PageFailed({ error }: { error: unknown }) {
  const { t } = useTranslation();
  return (
    <main className={css.failed}>
      <h1>{t('error.page')}</h1>
      <p className={css.detail}>{error instanceof Error ? error.message : String(error)}</p>
      <Button onClick={() => window.location.reload()}>{t('error.reload')}</Button>
    </main>
  );
}
