import { RollcallError } from '@rollcall/protocol/errors';
import type { Request } from 'express';
import type { RouteContract } from '../http/route.js';
import type { Accounts } from './accounts.js';
import { ACCESS_COOKIE, CSRF_HEADER, cookieOf } from './cookies.js';
import { reachesOf } from './permissions.js';
import { ANONYMOUS, type Principal } from './principal.js';
import type { Tokens } from './tokens.js';

const READING_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const BEARER = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i;

export interface Authenticator {
  /**
   * Who sends this request. What the access does not allow is refused here, before anything else is read.
   *
   * @throws RollcallError `TOKEN_MISSING`, `TOKEN_EXPIRED`, `TOKEN_INVALID`, `CSRF_MISSING`, `PASSWORD_CHANGE_NEEDED` or `FORBIDDEN`
   */
  authenticate(
    request: Request,
    contract: Pick<RouteContract, 'access' | 'beforePasswordChange'>,
  ): Promise<Principal>;
}

export function createAuthenticator(tokens: Tokens, accounts: Accounts): Authenticator {
  async function principalOf(request: Request): Promise<Principal> {
    const bearer = BEARER.exec(request.headers.authorization ?? '')?.[1];
    const cookie = bearer === undefined ? cookieOf(request, ACCESS_COOKIE) : undefined;
    const token = bearer ?? cookie;
    if (token === undefined) {
      throw new RollcallError(
        'TOKEN_MISSING',
        'Sign in first: POST /api/v1/auth/login/, then send "Authorization: Bearer" with the access token',
      );
    }
    const claims = await tokens.verify(token);
    // A browser sends its cookies with every request, also with those that another site makes it send.
    if (cookie !== undefined && !READING_METHODS.has(request.method)) {
      const given = request.headers[CSRF_HEADER];
      if (typeof given !== 'string' || !tokens.isCsrfToken(claims.loginSessionId, given)) {
        throw new RollcallError(
          'CSRF_MISSING',
          'Send the value of the cookie rollcall_csrf as X-CSRF-Token with every change',
          { context: { accountId: claims.accountId } },
        );
      }
    }
    const principal = await accounts.principalOf(claims);
    if (principal !== undefined) return principal;
    throw new RollcallError('TOKEN_INVALID', 'This sign-in has ended; sign in again');
  }

  return {
    async authenticate(request, { access, beforePasswordChange }) {
      if (access === 'public' || access === 'gateway') return ANONYMOUS;
      const principal = await principalOf(request);
      if (principal.mustChangePassword && beforePasswordChange !== true) {
        throw new RollcallError(
          'PASSWORD_CHANGE_NEEDED',
          'Choose a password of your own first: POST /api/v1/auth/change-password/',
          { context: { principal } },
        );
      }
      if (access === 'signed_in' || reachesOf(principal, access).length > 0) return principal;
      throw new RollcallError(
        'FORBIDDEN',
        `None of your roles may do this (${access}); ask the office if you need it`,
        { context: { principal, access } },
      );
    },
  };
}
