import { randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';

/** What every authenticator application can do (RFC 6238): SHA-1, six digits, a step of 30 s. */
const SHAPE = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
const ISSUER = 'Rollcall';
/** RFC 4226, section 4, R6: 160 bits. */
const SECRET_BYTES = 20;
/** RFC 6238, section 5.2: one step either way, for a phone whose clock is off and for the time to type. */
const WINDOW_STEPS = 1;
/** The library compares bytes and throws at six characters of more than six. */
const CODE = /^[0-9]{6}$/;

export const newFactorSecret = (): Buffer => randomBytes(SECRET_BYTES);

/** What an authenticator application reads from a QR code. */
export const factorUri = (secret: Uint8Array, login: string): string =>
  new TOTP({ ...SHAPE, issuer: ISSUER, label: login, secret: secretOf(secret) }).toString();

/** The 30-second step, counted from 1970, that this is the code of; undefined where it is none of now. */
export function stepOfCode(secret: Uint8Array, code: string, nowMs: number): number | undefined {
  if (!CODE.test(code)) return undefined;
  const totp = new TOTP({ ...SHAPE, secret: secretOf(secret) });
  const steps = totp.validate({ token: code, timestamp: nowMs, window: WINDOW_STEPS });
  return steps === null ? undefined : TOTP.counter({ period: SHAPE.period, timestamp: nowMs }) + steps;
}

const secretOf = (bytes: Uint8Array): Secret => new Secret({ buffer: Uint8Array.from(bytes).buffer });
