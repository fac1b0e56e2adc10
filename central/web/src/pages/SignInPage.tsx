import { useTranslation } from 'react-i18next';
import { SignInForm } from '../components/account/SignInForm.js';
import { Brand } from '../components/header/Brand.js';
import { LanguageSwitch } from '../components/header/LanguageSwitch.js';
import { SchemeSwitch } from '../components/header/SchemeSwitch.js';
import css from './SignInPage.module.css';

export function SignInPage() {
  const { t } = useTranslation();
  return (
    <div className={css.page}>
      <header className={css.bar}>
        <Brand />
        <div className={css.tools}>
          <LanguageSwitch />
          <SchemeSwitch />
        </div>
      </header>
      <main className={css.main}>
        <section className={css.card} aria-labelledby="sign-in-title">
          <h1 id="sign-in-title" className={css.title}>
            {t('signIn.title')}
          </h1>
          <p className={css.intro}>{t('signIn.introNoCampus')}</p>
          <SignInForm />
        </section>
      </main>
    </div>
  );
}
