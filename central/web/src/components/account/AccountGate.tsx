import { Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { accountQuery } from '../../api/account.js';
import { SignInPage } from '../../pages/SignInPage.js';
import { ProblemNotice } from '../common/ProblemNotice.js';
import css from './AccountGate.module.css';
import { FirstPassword } from './FirstPassword.js';

/** Everything behind it is for somebody: who is not signed in meets the sign-in, at the address they came to. */
export function AccountGate({ children }: { children: ReactNode }) {
  const account = useQuery(accountQuery());
  // What is known stays shown while central does not answer.
  const known = account.data;
  if (known === undefined && !account.isError) {
    return (
      <div className={css.place}>
        <Loader aria-hidden="true" />
      </div>
    );
  }
  if (known === undefined) {
    return (
      <main className={css.place}>
        <ProblemNotice error={account.error} onRetry={() => void account.refetch()} />
      </main>
    );
  }
  if (known === null) return <SignInPage />;
  return known.must_change_password ? <FirstPassword /> : children;
}
