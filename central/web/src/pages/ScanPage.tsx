import { Button, TextInput } from '@mantine/core';
import { IconMapPin } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAccount } from '../api/account.js';
import { scan } from '../api/code.js';
import type { Scanned } from '../api/own-mark.js';
import { FormProblem } from '../components/account/FormProblem.js';
import { PageHeader } from '../components/header/PageHeader.js';
import { wordsOfRefusal } from '../components/scan/refusal.js';
import { ScanOutcome } from '../components/scan/ScanOutcome.js';
import { usePlace } from '../components/scan/usePlace.js';
import { useLink } from '../live/LiveProvider.js';
import css from './ScanPage.module.css';

const CODE_CHARACTERS = 6;

export function ScanPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { t: token } = useSearch({ from: '/scan' });
  const [typed, setTyped] = useState('');
  const [place, locate] = usePlace();
  const link = useLink();
  const rollNumber = useAccount()?.student?.roll_number ?? '';
  const attempt = useMutation({
    mutationFn: async (): Promise<Scanned> => {
      const position = link.journal.position;
      const result = await scan(token === undefined ? { code: typed } : { qr_token: token }, place.place);
      return { result, rollNumber, position, spread: Math.random() };
    },
  });

  function submit(event: FormEvent): void {
    event.preventDefault();
    attempt.mutate();
  }

  function again(): void {
    attempt.reset();
    setTyped('');
    // The code in the address is spent or too old.
    void navigate({ to: '/scan', search: {}, replace: true });
  }

  return (
    <>
      <PageHeader hasSections={false} />
      <main className={css.page}>
        <section className={css.card} aria-labelledby="scan-title">
          <h2 id="scan-title" className={css.title}>
            {t('scan.title')}
          </h2>
          {/* There before the outcome is: a screen reader speaks what changes in it, not what comes with it. */}
          <div role="status">
            {attempt.data === undefined ? null : <ScanOutcome scanned={attempt.data} />}
          </div>
          {attempt.data === undefined ? (
            <form className={css.form} onSubmit={submit} noValidate>
              <FormProblem text={attempt.error === null ? null : wordsOfRefusal(attempt.error, t)} />
              {token === undefined ? (
                <>
                  <p className={css.hint}>{t('scan.hint')}</p>
                  <TextInput
                    label={t('scan.code')}
                    size="xl"
                    value={typed}
                    maxLength={CODE_CHARACTERS}
                    autoComplete="off"
                    autoCapitalize="characters"
                    spellCheck={false}
                    classNames={{ input: css.code ?? '' }}
                    onChange={(event) => setTyped(event.currentTarget.value.toUpperCase().trim())}
                  />
                </>
              ) : null}
              {place.status === 'located' ? (
                <p className={css.hint}>
                  {t('scan.located', { meters: Math.round(place.place.location_accuracy_m) })}
                </p>
              ) : (
                <Button
                  variant="default"
                  size="md"
                  leftSection={<IconMapPin size={20} aria-hidden="true" />}
                  loading={place.status === 'locating'}
                  onClick={locate}
                >
                  {t('scan.locate')}
                </Button>
              )}
              {place.status === 'unavailable' ? <p className={css.hint}>{t('scan.noLocation')}</p> : null}
              <Button
                type="submit"
                size="lg"
                loading={attempt.isPending}
                disabled={token === undefined && typed.length !== CODE_CHARACTERS}
              >
                {t('scan.submit')}
              </Button>
              {token !== undefined && attempt.isError ? (
                <Button variant="subtle" onClick={again}>
                  {t('scan.again')}
                </Button>
              ) : null}
            </form>
          ) : null}
        </section>
      </main>
    </>
  );
}
