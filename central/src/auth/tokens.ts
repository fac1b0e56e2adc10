import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@rollcall/protocol/clock';
import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import { decodeProtectedHeader, errors, type JWTPayload, SignJWT } from 'jose';
import { type KeyedHash, keyedHash } from './keyed-hash.js';
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
  const signatureOf = new Map(keys.map(({ id, bytes }) => [id, keyedHash(bytes, 'base64url')]));
  const headers = new Map(keys.map(({ id }) => [encodedHeader(id), id]));
  const verified = new Map<string, Claims>();

  function remember(token: string, claims: Claims): void {
    if (verified.size >= VERIFIED_TOKENS_MAX) {
      const oldest = verified.keys().next().value;
      if (oldest !== undefined) verified.delete(oldest);
    }
    verified.set(token, claims);
  }

  /** By the header of a token: ours are known by their text, and need not be read. */
  function signerOf(token: string): KeyedHash {
    const known = headers.get(token.slice(0, token.indexOf('.')));
    const { alg, kid, crit } =
      known === undefined ? decodeProtectedHeader(token) : { alg: ALGORITHM, kid: known };
    const signature = kid === undefined ? undefined : signatureOf.get(kid);
    if (alg === ALGORITHM && crit === undefined && signature !== undefined) return signature;
    throw new errors.JWSInvalid('no key and algorithm of ours');
  }

  /** Synchronous: handing one HMAC to another thread and back, as WebCrypto does, costs more than all the rest of a scan. */
  function check(token: string): Claims {
    const end = token.lastIndexOf('.');
    const expected = signerOf(token)(token.slice(0, end));
    if (!isSameText(expected, token.slice(end + 1))) throw new errors.JWSSignatureVerificationFailed();
    const { sub, sid, gen, exp, iss, aud } = signedClaims(token.slice(0, end));
    if (iss !== ISSUER || aud !== AUDIENCE) throw new errors.JWTInvalid('another issuer or audience');
    if (
      typeof sub !== 'string' ||
      typeof sid !== 'string' ||
      typeof gen !== 'number' ||
      typeof exp !== 'number'
    ) {
      throw new errors.JWTInvalid('claims of the wrong type');
    }
    if (exp * 1_000 <= clock.wallMs()) throw expired(sub);
    return { accountId: sub, loginSessionId: sid, generation: gen, expiresMs: exp * 1_000 };
  }

  const csrfTokenOf = (loginSessionId: string): string =>
    createHmac('sha256', signing.bytes).update(`csrf:${loginSessionId}`).digest('base64url');

  return {
    async issue({ accountId, loginSessionId, generation }) {
      const issuedAt = Math.floor(clock.wallMs() / 1_000);
      const expiresAt = issuedAt + ACCESS_TOKEN_SECONDS;
      const token = await new SignJWT({ sid: loginSessionId, gen: generation })
        .setProtectedHeader(headerOf(signing.id))
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
        throw expired(known.accountId);
      }
      try {
        const claims = check(token);
        remember(token, claims);
        return claims;
      } catch (error) {
        throw isRollcallError(error) ? error : invalid(error);
      }
    },
    csrfTokenOf,
    isCsrfToken(loginSessionId, given) {
      return isSameText(csrfTokenOf(loginSessionId), given);
    },
  };
}

const headerOf = (kid: string) => ({ alg: ALGORITHM, typ: 'JWT', kid });
const encodedHeader = (kid: string): string =>
  Buffer.from(JSON.stringify(headerOf(kid))).toString('base64url');

/** Of a token whose signature is good: header and claims, with nothing else. */
function signedClaims(signed: string): JWTPayload {
  const [, claims = '', ...more] = signed.split('.');
  if (more.length > 0) throw new errors.JWTInvalid('more than three parts');
  return JSON.parse(Buffer.from(claims, 'base64url').toString());
}

/** It was ours: whose it was is known. */
const expired = (accountId: string): RollcallError =>
  new RollcallError(
    'TOKEN_EXPIRED',
    'The access token has expired; get a new one with /api/v1/auth/refresh/',
    { context: { accountId } },
  );

/** Texts and not bytes: base64url that decodes to the same bytes in another spelling is another token. */
function isSameText(expected: string, given: string): boolean {
  const [left, right] = [Buffer.from(expected), Buffer.from(given)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Says nothing about why: whoever forges learns nothing from it. */
const invalid = (cause?: unknown): RollcallError =>
  new RollcallError('TOKEN_INVALID', 'The access token is not valid; sign in again', { cause });
