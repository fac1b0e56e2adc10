import { Button, PasswordInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { changePassword } from '../../api/account.js';
import { FormProblem } from './FormProblem.js';
import css from './SignInForm.module.css';

/** As central's own rule; central refuses shorter ones as well. */
const PASSWORD_CHARACTERS_MIN = 12;

const FIELDS = [
  { name: 'current', label: 'account.current', autoComplete: 'current-password' },
  { name: 'next', label: 'account.next', autoComplete: 'new-password' },
  { name: 'again', label: 'account.again', autoComplete: 'new-password' },
] as const;

export function PasswordForm({ onSaved }: { onSaved(): void }) {
  const { t } = useTranslation();
  const [values, setValues] = useState({ current: '', next: '', again: '' });
  const [mistake, setMistake] = useState<string | null>(null);
  const change = useMutation<void, Error>({
    mutationFn: () => changePassword(values.current, values.next),
    onSuccess: onSaved,
  });

  function submit(event: FormEvent): void {
    event.preventDefault();
    const wrong = mistakeIn();
    setMistake(wrong);
    if (wrong === null) change.mutate();
  }

  function mistakeIn(): string | null {
    if (values.next.length < PASSWORD_CHARACTERS_MIN) return t('account.short');
    return values.next === values.again ? null : t('account.differ');
  }

  return (
    <form className={css.form} onSubmit={submit} noValidate>
      <FormProblem text={mistake ?? change.error?.message ?? null} />
      {FIELDS.map(({ name, label, autoComplete }) => (
        <PasswordInput
          key={name}
          label={t(label)}
          description={name === 'next' ? t('account.rule') : undefined}
          name={name}
          autoComplete={autoComplete}
          size="md"
          value={values[name]}
          onChange={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
          visibilityToggleButtonProps={{ 'aria-label': t('signIn.show') }}
        />
      ))}
      <Button type="submit" size="md" loading={change.isPending}>
        {t('account.save')}
      </Button>
    </form>
  );
}
