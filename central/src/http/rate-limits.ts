import { RollcallError } from '@rollcall/protocol/errors';
import type { Request, Response } from 'express';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Principal } from '../auth/principal.js';
import type { Budget, RateClass, RoleBudgets } from './role-budgets.js';
import type { RouteContract } from './route.js';

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
  // Of one address: a whole campus may be behind it (domain case 108). Five thousand sign in before the first class,
  // renew once, and read what is public; wrong passwords have a throttle of their own.
  anonymous: { points: 30_000, duration: 5 * MINUTE },
};

export interface RateLimits {
  /** @throws RollcallError `TOO_MANY_REQUESTS`, with the seconds to wait */
  take(contract: RouteContract, principal: Principal, request: Request, response: Response): Promise<void>;
}

type BudgetName = keyof typeof BUDGETS;
interface Limiter {
  points: number;
  /** Requests per second in the long run: of several roles the most generous counts. */
  rate: number;
  counts: RateLimiterMemory;
}

/** Counted in this process: behind several replicas the budgets are as many times larger (docs/operations.md). */
export function createRateLimits(budgets: typeof BUDGETS = BUDGETS, ofRoles: RoleBudgets = {}): RateLimits {
  const limiters = new Map<string, Limiter>();
  for (const [name, budget] of Object.entries(budgets)) limiters.set(name, limiterOf(name, budget));
  for (const [role, own] of Object.entries(ofRoles)) {
    for (const [name, budget] of Object.entries(own ?? {})) {
      if (budget !== undefined) limiters.set(`${name}/${role}`, limiterOf(`${name}/${role}`, budget));
    }
  }

  function find(name: BudgetName, { grants }: Principal): Limiter {
    const usual = limiters.get(name) as Limiter;
    if (Object.keys(ofRoles).length === 0) return usual;
    const own = grants.map(({ role }) => limiters.get(`${name}/${role}`) ?? usual);
    return own.reduce((most, limiter) => (limiter.rate > most.rate ? limiter : most), own[0] ?? usual);
  }

  return {
    async take({ access, rate }, principal, request, response) {
      if (access === 'gateway') return;
      const { accountId } = principal;
      const { points, counts } = find(accountId === null ? 'anonymous' : (rate ?? 'ordinary'), principal);
      try {
        const left = await counts.consume(accountId ?? request.ip ?? 'unknown');
        response.set('RateLimit', `limit=${points}, remaining=${left.remainingPoints}`);
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        const seconds = Math.max(1, Math.ceil(refusal.msBeforeNext / 1_000));
        throw new RollcallError(
          'TOO_MANY_REQUESTS',
          `More than ${points} requests of this kind; go on in ${seconds} s`,
          { context: { retryAfterSeconds: seconds } },
        );
      }
    },
  };
}

const limiterOf = (keyPrefix: string, { points, duration }: Budget): Limiter => ({
  points,
  rate: points / duration,
  counts: new RateLimiterMemory({ points, duration, keyPrefix }),
});
