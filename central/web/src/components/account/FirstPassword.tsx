import { useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { KEYS } from '../../api/keys.js';
import page from '../../pages/SignInPage.module.css';
import { PasswordForm } from './PasswordForm.js';

/** A password that an office knows is changed before anything else. */
export function FirstPassword() {
  const { t } = useTranslation();
  const client = useQueryClient();
  return (
    <main className={page.main}>
      <section className={page.card} aria-labelledby="first-password-title">
        <h1 id="first-password-title" className={page.title}>
          {t('account.changePassword')}
        </h1>
        <p className={page.intro}>{t('account.firstChange')}</p>
        <PasswordForm onSaved={() => void client.invalidateQueries({ queryKey: KEYS.account })} />
      </section>
    </main>
  );
}
