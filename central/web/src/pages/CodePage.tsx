import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { codeQuery, freshCode } from '../api/code.js';
import { KEYS } from '../api/keys.js';
import { useBoard } from '../api/useLists.js';
import { CodeCountdown } from '../components/code/CodeCountdown.js';
import { QrImage } from '../components/code/QrImage.js';
import { ProblemNotice } from '../components/common/ProblemNotice.js';
import { useFormats } from '../time/TimeProvider.js';
import css from './CodePage.module.css';

/** For a projector: the code as large as the screen, and the same code for typing below it. */
export function CodePage() {
  const { t } = useTranslation();
  const formats = useFormats();
  const client = useQueryClient();
  const { sessionId } = useParams({ from: '/code/$sessionId' });
  const code = useQuery(codeQuery(sessionId));
  const session = useBoard().data?.find(({ id }) => id === sessionId);
  const renew = useMutation({
    mutationFn: () => freshCode(sessionId),
    onSuccess: (fresh) => client.setQueryData(KEYS.code(sessionId), fresh),
  });
  const shown = code.isError ? undefined : code.data;
  return (
    <main className={css.page}>
      <header className={css.head}>
        <div>
          <h1 className={css.title}>{t('code.title')}</h1>
          {session === undefined ? null : (
            <p className={css.class}>
              {session.course.title} · {session.section.name} · {session.room.name}
            </p>
          )}
        </div>
        <div className={css.actions}>
          <Button
            variant="default"
            loading={renew.isPending}
            title={t('code.freshHint')}
            onClick={() => renew.mutate()}
          >
            {t('code.fresh')}
          </Button>
          <Link to="/" className={css.close}>
            {t('code.close')}
          </Link>
        </div>
      </header>
      {code.isError ? <ProblemNotice error={code.error} onRetry={() => void code.refetch()} /> : null}
      {shown === undefined ? null : (
        <div className={css.stage}>
          <QrImage
            text={`${window.location.origin}/scan?t=${encodeURIComponent(shown.qr_token)}`}
            label={t('code.title')}
          />
          <div className={css.side}>
            <p className={css.typed}>{t('code.typed', { address: `${window.location.host}/scan` })}</p>
            <p className={css.fallback}>{shown.fallback_code}</p>
            <CodeCountdown key={shown.qr_token} code={shown} />
            <dl className={css.counts}>
              <div>
                <dt>{t('code.present')}</dt>
                <dd>{formats.number(shown.present_count)}</dd>
              </div>
              {shown.unverified_count === 0 ? null : (
                <div data-tone="warn">
                  <dt>{t('code.unverified')}</dt>
                  <dd>{formats.number(shown.unverified_count)}</dd>
                </div>
              )}
            </dl>
          </div>
        </div>
      )}
    </main>
  );
}
