import { hasCode, RollcallError } from '@rollcall/protocol/errors';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** Attempts on one login from one address (domain A9). */
const PER_LOGIN = { points: 5, duration: 60 };
/**
 * Wrong passwords from one address. Only these are counted: a whole campus may sign in behind one address within
 * minutes (domain case 108), and a list of passwords is long and mostly wrong.
 */
const WRONG_PER_ADDRESS = { points: 120, duration: 60 };
/** Wrong passwords for one login from anywhere: somebody works through a list from many addresses. */
const WRONG_PER_LOGIN = { points: 20, duration: 15 * 60 };

export interface LoginThrottle {
  /**
   * Runs what checks a password, unless there were too many wrong ones, and counts what came of it.
   *
   * @throws RollcallError `LOGIN_THROTTLED`, with the seconds to wait in its context
   */
  guard<Result>(login: string, ip: string, check: () => Promise<Result>): Promise<Result>;
}

/** Counted in this process: with several replicas an attacker has as many times the attempts, which stay few. */
export function createLoginThrottle(): LoginThrottle {
  const perLogin = new RateLimiterMemory(PER_LOGIN);
  const wrongPerAddress = new RateLimiterMemory(WRONG_PER_ADDRESS);
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
    async guard(login, ip, check) {
      const name = login.toLowerCase();
      await take(wrongPerAddress, ip, 0);
      await take(perLogin, pair(login, ip));
      await take(wrongPerLogin, name, 0);
      try {
        const result = await check();
        await perLogin.delete(pair(login, ip));
        await wrongPerLogin.delete(name);
        return result;
      } catch (error) {
        // Other failures say nothing about the password.
        if (hasCode(error, 'LOGIN_REFUSED')) {
          await wrongPerAddress.penalty(ip, 1);
          await wrongPerLogin.penalty(name, 1);
        }
        throw error;
      }
    },
  };
}
