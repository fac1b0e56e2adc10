import type { Clock } from '@rollcall/protocol/clock';
import type { Knex } from '../db/database.js';
import { type Accounts, createAccounts } from './accounts.js';
import { type Authenticator, createAuthenticator } from './authenticate.js';
import { createLoginThrottle, type LoginThrottle } from './login-throttle.js';
import { createSignIn, type SignIn } from './sign-in.js';
import type { TokenKey } from './token-key.js';
import { createTokens, type Tokens } from './tokens.js';

/** All of signing in, put together. */
export interface Auth extends Authenticator {
  accounts: Accounts;
  signIn: SignIn;
  throttle: LoginThrottle;
  tokens: Tokens;
}

export interface AuthOptions {
  knex: Knex;
  clock: Pick<Clock, 'wallMs' | 'monoMs'>;
  keys: readonly TokenKey[];
}

export function createAuth({ knex, clock, keys }: AuthOptions): Auth {
  const tokens = createTokens(keys, clock);
  const accounts = createAccounts(knex, clock);
  return {
    ...createAuthenticator(tokens, accounts),
    accounts,
    tokens,
    signIn: createSignIn({ knex, clock, tokens, accounts }),
    throttle: createLoginThrottle(),
  };
}
