import { createHmac, randomUUID, timingSafeEqual, type webcrypto } from 'node:crypto';
import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { TokenKey } from './token-key.js';

export const ACCESS_TOKEN_SECONDS = 15 * 60;
const ISSUER = 'rollcall-central';
const AUDIENCE = 'rollcall';
/** Pinned: a token that names another algorithm, or none, is no token. */
const ALGORITHM = 'HS256';
/** A token of ours has about 400 characters. */
const TOKEN_CHARACTERS_MAX = 2_000;
/** Verified tokens kept, so that a page's next request costs a look-up; the oldest goes first. */
const VERIFIED_TOKENS_MAX = 20_000;

/** What a token proves: which sign-in it belongs to, and as of which state of the account. */
export interface Claims {
  accountId: string;
  loginSessionId: string;
  /** Tokens of an older generation than the account's are dead. */
  generation: number;
  expiresMs: number;
}

export interface AccessToken {
  token: string;
  expiresMs: number;
}

export interface Tokens {
  issue(claims: Omit<Claims, 'expiresMs'>): Promise<AccessToken>;
  /** @throws RollcallError `TOKEN_EXPIRED` or `TOKEN_INVALID` */
  verify(token: string): Promise<Claims>;
  /** What a page has to send back with writes; tied to the sign-in, so that another's is worth nothing. */
  csrfTokenOf(loginSessionId: string): string;
  isCsrfToken(loginSessionId: string, given: string): boolean;
}

/** Access tokens: JWT, HMAC-SHA-256, fifteen minutes (domain A9). Times are the given clock's. */
export function createTokens(keys: readonly TokenKey[], clock: Pick<Clock, 'wallMs'>): Tokens {
  const [signing] = keys;
  if (signing === undefined) throw new RollcallError('INTERNAL', 'there is no key for access tokens');
  // Imported once: from bytes it would be done for every token.
  const keyOf = new Map(keys.map(({ id, bytes }) => [id, importKey(bytes)]));
  const verified = new Map<string, Claims>();

  function remember(token: string, claims: Claims): void {
    if (verified.size >= VERIFIED_TOKENS_MAX) {
      const oldest = verified.keys().next().value;
      if (oldest !== undefined) verified.delete(oldest);
    }
    verified.set(token, claims);
  }

  async function check(token: string): Promise<Claims> {
    const { payload } = await jwtVerify(
      token,
      ({ kid }) => {
        const key = kid === undefined ? undefined : keyOf.get(kid);
        if (key === undefined) throw new errors.JOSEError('no such key');
        return key;
      },
      {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: AUDIENCE,
        currentDate: new Date(clock.wallMs()),
        requiredClaims: ['sub', 'exp', 'sid', 'gen'],
      },
    );
    const { sub, sid, gen, exp } = payload;
    if (typeof sub !== 'string' || typeof sid !== 'string' || typeof gen !== 'number' || exp === undefined) {
      throw new errors.JWTInvalid('claims of the wrong type');
    }
    return { accountId: sub, loginSessionId: sid, generation: gen, expiresMs: exp * 1_000 };
  }

  const csrfTokenOf = (loginSessionId: string): string =>
    createHmac('sha256', signing.bytes).update(`csrf:${loginSessionId}`).digest('base64url');

  return {
    async issue({ accountId, loginSessionId, generation }) {
      const issuedAt = Math.floor(clock.wallMs() / 1_000);
      const expiresAt = issuedAt + ACCESS_TOKEN_SECONDS;
      const token = await new SignJWT({ sid: loginSessionId, gen: generation })
        .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: signing.id })
        .setSubject(accountId)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiresAt)
        .setJti(randomUUID())
        .sign(signing.bytes);
      return { token, expiresMs: expiresAt * 1_000 };
    },
    async verify(token) {
      if (token.length > TOKEN_CHARACTERS_MAX) throw invalid();
      const known = verified.get(token);
      if (known !== undefined) {
        if (known.expiresMs > clock.wallMs()) return known;
        verified.delete(token);
        throw expired();
      }
      try {
        const claims = await check(token);
        remember(token, claims);
        return claims;
      } catch (error) {
        throw error instanceof errors.JWTExpired ? expired() : invalid(error);
      }
    },
    csrfTokenOf,
    isCsrfToken(loginSessionId, given) {
      const expected = Buffer.from(csrfTokenOf(loginSessionId));
      const actual = Buffer.from(given);
      return actual.length === expected.length && timingSafeEqual(actual, expected);
    },
  };
}

const expired = (): RollcallError =>
  new RollcallError(
    'TOKEN_EXPIRED',
    'The access token has expired; get a new one with /api/v1/auth/refresh/',
  );

function importKey(bytes: Uint8Array): Promise<webcrypto.CryptoKey> {
  const imported = crypto.subtle.importKey(
    'raw',
    Uint8Array.from(bytes),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign', 'verify'],
  );
  // Whoever awaits it is told; nobody may before the first token comes.
  imported.catch(() => undefined);
  return imported;
}

/** Says nothing about why: whoever forges learns nothing from it. */
const invalid = (cause?: unknown): RollcallError =>
  new RollcallError('TOKEN_INVALID', 'The access token is not valid; sign in again', { cause });
