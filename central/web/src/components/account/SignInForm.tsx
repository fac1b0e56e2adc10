import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Account, type Credentials, signIn } from '../../api/account.js';
import { KEYS } from '../../api/keys.js';
import { ApiProblem } from '../../api/problem.js';
import { FormProblem } from './FormProblem.js';
import css from './SignInForm.module.css';

const SECONDS_PER_MINUTE = 60;

export function SignInForm() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [credentials, setCredentials] = useState<Credentials>({ login: '', password: '' });
  const [isIncomplete, setIncomplete] = useState(false);
  const attempt = useMutation<Account, Error, Credentials>({
    mutationFn: signIn,
    onSuccess: (account) => client.setQueryData(KEYS.account, account),
    // A refused password is typed again; what was typed as login is most often right.
    onError: () => setCredentials(({ login }) => ({ login, password: '' })),
  });

  function submit(event: FormEvent): void {
    event.preventDefault();
    const login = credentials.login.trim();
    setIncomplete(login === '' || credentials.password === '');
    if (login !== '' && credentials.password !== '') attempt.mutate({ ...credentials, login });
  }

  function change(part: Partial<Credentials>): void {
    setIncomplete(false);
    setCredentials((before) => ({ ...before, ...part }));
  }

  const problem = isIncomplete ? t('signIn.missing') : attempt.error === null ? null : wordsOf(attempt.error);
  return (
    <form className={css.form} onSubmit={submit} noValidate>
      <FormProblem text={problem} />
      <TextInput
        label={t('signIn.login')}
        name="login"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        size="md"
        value={credentials.login}
        onChange={(event) => change({ login: event.currentTarget.value })}
        // The page has nothing else to do, and a screen reader names the field.
        autoFocus
      />
      <PasswordInput
        label={t('signIn.password')}
        name="password"
        autoComplete="current-password"
        size="md"
        value={credentials.password}
        onChange={(event) => change({ password: event.currentTarget.value })}
        visibilityToggleButtonProps={{ 'aria-label': t('signIn.show') }}
      />
      <Button type="submit" size="md" fullWidth loading={attempt.isPending}>
        {t('signIn.submit')}
      </Button>
      <p className={css.hint}>{t('signIn.forgot')}</p>
    </form>
  );

  function wordsOf(error: Error): string {
    if (!(error instanceof ApiProblem)) return error.message;
    if (error.status === 401) return t('signIn.refused');
    if (error.status === 0) return t('error.noAnswer');
    if (error.status !== 429) return `${t('signIn.failed')}: ${error.message}`;
    const { retryAfterSeconds: seconds } = error;
    return seconds === undefined || seconds <= SECONDS_PER_MINUTE
      ? t('signIn.throttledSoon')
      : t('signIn.throttled', { minutes: Math.ceil(seconds / SECONDS_PER_MINUTE) });
  }
}
