import { RollcallError } from '@rollcall/protocol/errors';
import { clearCookies, cookieOf, REFRESH_COOKIE, setCookies } from '../../auth/cookies.js';
import type { Principal } from '../../auth/principal.js';
import type { SignedIn } from '../../auth/sign-in.js';
import {
  AUTH,
  emptySchema,
  loginBody,
  meSchema,
  passwordBody,
  refreshBody,
  signedInSchema,
} from '../contracts/auth.js';
import { defineRoute, type HttpContext } from '../route.js';
import { loadAccount } from '../views/account-view.js';
import { clientOf } from '../write-as.js';

const TAG = 'Sign-in';

export const login = defineRoute(
  {
    method: 'post',
    path: `${AUTH}/login/`,
    operationId: 'login',
    tag: TAG,
    summary:
      'Signs in: an access token for fifteen minutes and a refresh token for a day, as cookies or in the answer',
    access: 'public',
    body: loginBody,
    reply: { schema: signedInSchema },
    errors: ['LOGIN_REFUSED', 'LOGIN_THROTTLED'],
  },
  async ({ body, request, response }, context) => {
    const { signIn, throttle } = context.auth;
    const client = clientOf(request);
    const signedIn = await throttle.guard(body.login, client.ip, () =>
      signIn.signIn(body.login, body.password, client),
    );
    if (body.cookies) setCookies(request, response, signedIn);
    return { body: await answer(context, signedIn, !body.cookies) };
  },
);

export const refresh = defineRoute(
  {
    method: 'post',
    path: `${AUTH}/refresh/`,
    operationId: 'refresh',
    tag: TAG,
    summary:
      'New tokens for old ones; a refresh token works once, and one that comes back later ends the sign-in',
    access: 'public',
    body: refreshBody,
    reply: { schema: signedInSchema },
    errors: ['TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_SPENT'],
  },
  async ({ body, request, response }, context) => {
    const token = body.refresh_token ?? cookieOf(request, REFRESH_COOKIE);
    if (token === undefined) {
      throw new RollcallError('TOKEN_MISSING', 'Send refresh_token, or sign in first');
    }
    const signedIn = await context.auth.signIn.refresh(token, clientOf(request));
    if (body.refresh_token === undefined) setCookies(request, response, signedIn);
    return { body: await answer(context, signedIn, body.refresh_token !== undefined) };
  },
);

export const me = defineRoute(
  {
    method: 'get',
    path: `${AUTH}/me/`,
    operationId: 'me',
    tag: TAG,
    summary: 'Who is signed in, and what the roles allow',
    access: 'signed_in',
    beforePasswordChange: true,
    reply: { schema: meSchema },
  },
  async ({ principal }, { db, clock }) => ({
    body: { account: await loadAccount(db.knex, idOf(principal), clock.wallMs()) },
  }),
);

const logoutContract = (all: boolean) =>
  ({
    method: 'post',
    path: all ? `${AUTH}/logout-all/` : `${AUTH}/logout/`,
    operationId: all ? 'logoutAll' : 'logout',
    tag: TAG,
    summary: all ? 'Ends every sign-in of this account' : 'Ends this sign-in',
    access: 'signed_in',
    beforePasswordChange: true,
    body: emptySchema,
    reply: { schema: emptySchema },
  }) as const;

export const logout = defineRoute(logoutContract(false), async (input, context) => {
  await context.auth.signIn.signOut(sessionOf(input.principal), false, clientOf(input.request));
  clearCookies(input.request, input.response);
  return { body: {} };
});

export const logoutAll = defineRoute(logoutContract(true), async (input, context) => {
  await context.auth.signIn.signOut(sessionOf(input.principal), true, clientOf(input.request));
  clearCookies(input.request, input.response);
  return { body: {} };
});

export const changePassword = defineRoute(
  {
    method: 'post',
    path: `${AUTH}/change-password/`,
    operationId: 'changePassword',
    tag: TAG,
    summary: 'Sets a new password and ends every sign-in of the account but a fresh one, which is the answer',
    access: 'signed_in',
    beforePasswordChange: true,
    body: passwordBody,
    reply: { schema: signedInSchema },
    errors: ['LOGIN_REFUSED', 'LOGIN_THROTTLED', 'PASSWORD_WEAK'],
  },
  async ({ body, principal, request, response }, context) => {
    const { signIn, throttle } = context.auth;
    const client = clientOf(request);
    const passwords = { current: body.current_password, next: body.new_password };
    await throttle.guard(principal.login, client.ip, () =>
      signIn.changePassword(idOf(principal), passwords, client),
    );
    const signedIn = await signIn.signIn(principal.login, body.new_password, client);
    const isPage = request.headers.authorization === undefined;
    if (isPage) setCookies(request, response, signedIn);
    return { body: await answer(context, signedIn, !isPage) };
  },
);

async function answer({ db, clock }: HttpContext, signedIn: SignedIn, withRefreshToken: boolean) {
  return {
    account: await loadAccount(db.knex, signedIn.accountId, clock.wallMs()),
    access_token: signedIn.accessToken,
    expires_at: new Date(signedIn.accessExpiresMs).toISOString(),
    csrf_token: signedIn.csrfToken,
    ...(withRefreshToken ? { refresh_token: signedIn.refreshToken } : {}),
  };
}

const sessionOf = (principal: Principal) => ({
  accountId: idOf(principal),
  loginSessionId: principal.loginSessionId ?? '',
});

/** Routes for accounts are behind `signed_in`, where there always is one. */
function idOf(principal: Principal): string {
  if (principal.accountId !== null) return principal.accountId;
  throw new RollcallError('INTERNAL', 'a signed-in request without an account');
}
