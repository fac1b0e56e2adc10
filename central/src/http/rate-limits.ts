import { RollcallError } from '@rollcall/protocol/errors';
import type { Request, Response } from 'express';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Principal } from '../auth/principal.js';
import type { RateClass, RouteContract } from './route.js';

interface Budget {
  points: number;
  /** Seconds. */
  duration: number;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/**
 * Requests of one account (domain A9). They stop a script that runs wild, not a class: five thousand students
 * who scan in one minute have five thousand budgets.
 */
export const BUDGETS: Readonly<Record<RateClass | 'ordinary' | 'anonymous', Budget>> = {
  qr_scan: { points: 100, duration: MINUTE },
  bulk_mark: { points: 10, duration: MINUTE },
  sessions: { points: 20, duration: MINUTE },
  statistics: { points: 60, duration: MINUTE },
  export: { points: 5, duration: HOUR },
  // A page reads some lists every two minutes and whatever is clicked: a thousand would be used up by an afternoon.
  ordinary: { points: 1_000, duration: 5 * MINUTE },
  // Of one address: a whole campus may be behind it.
  anonymous: { points: 2_000, duration: 5 * MINUTE },
};

export interface RateLimits {
  /** @throws RollcallError `TOO_MANY_REQUESTS`, with the seconds to wait */
  take(contract: RouteContract, principal: Principal, request: Request, response: Response): Promise<void>;
}

/** Counted in this process: behind several replicas the budgets are as many times larger (docs/operations.md). */
export function createRateLimits(budgets: typeof BUDGETS = BUDGETS): RateLimits {
  const limiters = new Map(
    Object.entries(budgets).map(([name, budget]) => [
      name,
      new RateLimiterMemory({ ...budget, keyPrefix: name }),
    ]),
  );
  return {
    async take({ access, rate }, { accountId }, request, response) {
      if (access === 'gateway') return;
      const name = accountId === null ? 'anonymous' : (rate ?? 'ordinary');
      const limiter = limiters.get(name) as RateLimiterMemory;
      const limit = budgets[name].points;
      try {
        const left = await limiter.consume(accountId ?? request.ip ?? 'unknown');
        response.set('RateLimit', `limit=${limit}, remaining=${left.remainingPoints}`);
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        const seconds = Math.max(1, Math.ceil(refusal.msBeforeNext / 1_000));
        throw new RollcallError(
          'TOO_MANY_REQUESTS',
          `More than ${limit} requests of this kind; go on in ${seconds} s`,
          { context: { retryAfterSeconds: seconds } },
        );
      }
    },
  };
}
