import { RollcallError } from '@rollcall/protocol/errors';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** Attempts on one login from one address (domain A9). */
const PER_LOGIN = { points: 5, duration: 60 };
/** A whole class behind one address signs in at ten o'clock; a list of passwords is longer. */
const PER_ADDRESS = { points: 120, duration: 60 };
/** Wrong passwords for one login from anywhere: somebody works through a list from many addresses. */
const WRONG_PER_LOGIN = { points: 20, duration: 15 * 60 };

export interface LoginThrottle {
  /** @throws RollcallError `LOGIN_THROTTLED`, with the seconds to wait in its context */
  attempt(login: string, ip: string): Promise<void>;
  wrong(login: string): Promise<void>;
  right(login: string, ip: string): Promise<void>;
}

/** Counted in this process: with several replicas an attacker has as many times the attempts, which stay few. */
export function createLoginThrottle(): LoginThrottle {
  const perLogin = new RateLimiterMemory(PER_LOGIN);
  const perAddress = new RateLimiterMemory(PER_ADDRESS);
  const wrongPerLogin = new RateLimiterMemory(WRONG_PER_LOGIN);

  async function take(limiter: RateLimiterMemory, key: string, points = 1): Promise<void> {
    try {
      await limiter.consume(key, points);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      const seconds = Math.max(1, Math.ceil(refusal.msBeforeNext / 1_000));
      throw new RollcallError('LOGIN_THROTTLED', `Too many attempts to sign in; try again in ${seconds} s`, {
        context: { retryAfterSeconds: seconds },
      });
    }
  }

  const pair = (login: string, ip: string): string => `${login.toLowerCase()} ${ip}`;
  return {
    async attempt(login, ip) {
      await take(perAddress, ip);
      await take(perLogin, pair(login, ip));
      await take(wrongPerLogin, login.toLowerCase(), 0);
    },
    async wrong(login) {
      await wrongPerLogin.penalty(login.toLowerCase(), 1);
    },
    async right(login, ip) {
      await perLogin.delete(pair(login, ip));
      await wrongPerLogin.delete(login.toLowerCase());
    },
  };
}
