import { isRollcallError, type RollcallError } from '@rollcall/protocol/errors';
import { gatewayIdSchema } from '@rollcall/protocol/ids';
import type { Request, Response } from 'express';
import { type AuditRow, writeAudit } from '../audit/write-audit.js';
import type { Principal } from '../auth/principal.js';
import { networkOf } from './network-of.js';
import { problemOf } from './problem.js';
import { type Counted, createRefusalCounts, WINDOW_MS } from './refusal-counts.js';
import type { HttpContext } from './route.js';
import { clientOf, writeAs } from './write-as.js';

/** What was refused, and to whom. */
export interface Refusal {
  error: unknown;
  request: Request;
  response: Response;
}

export interface Refusals {
  /** Leaves an audit row of a refused attempt, or counts it; that it could not be written never changes the answer. */
  note(refusal: Refusal): Promise<void>;
  /** Writes what was counted until now. */
  stop(): Promise<void>;
}

const READING_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
/** An answer waits so long for the row of its refusal: the log of attempts may not become a way to hold requests. */
export const WAIT_MS = 1_000;
/** Nothing is tried again for so long after a write that failed. */
export const REST_MS = 10_000;
/** What is refused of a scan is kept with the scan, except where there is nothing of it to keep. */
const CODES_OF_SCANS_IN_AUDIT = new Set(['SESSION_LOCKED', 'FORBIDDEN', 'NOT_FOUND']);
/** Somebody known tried what is not theirs, or what is closed for good: each time is an attempt (cases 18, 120, 156). */
const EACH_TIME = new Set([
  'FORBIDDEN',
  'HIGHER_DECIDER_NEEDED',
  'LOGIN_REFUSED',
  'NOT_FOUND',
  'SESSION_LOCKED',
]);
const COUNTED_CODES_OF_SCANS = new Set(['QR_EXPIRED', 'QR_NOT_GENERATED']);

/**
 * Every refused attempt is in the audit log: the first of its kind with a row of its own, at once; the same again, and
 * what floods, as a number every ten minutes, so that nobody fills the disk by being refused (ADR 58; domain cases 18,
 * 105, 120, 156, 158).
 */
export function createRefusals({ db, clock, log }: Pick<HttpContext, 'db' | 'clock' | 'log'>): Refusals {
  const counts = createRefusalCounts();
  /** Those for which no answer waits any longer: until they have ended, one way or the other, more is only counted. */
  const late = new Set<Promise<void>>();
  const writing = new Set<Promise<void>>();
  let attempts = 0;
  /** After a failure nothing is tried for a while: a flood must not become one of connections. */
  let onlyCountUntilMs = 0;
  let isStopped = false;
  let cancelTimer: (() => void) | undefined;

  async function writeCounted(counted: readonly Counted[]): Promise<void> {
    const at = new Date(clock.wallMs());
    try {
      await writeAudit(
        db.knex,
        counted.map((one) => countedRow(one, at)),
      );
    } catch (failure) {
      counts.giveBack(counted);
      arm();
      log.warn(
        { err: failure, rows: counted.length },
        isStopped
          ? 'refused attempts could not be written to the audit log, and central ends'
          : 'refused attempts could not be written to the audit log; they go on being counted',
      );
    }
  }

  async function writeFirst(attempt: Attempt, what: string, request: Request): Promise<void> {
    try {
      await writeRow(attempt, request);
    } catch (failure) {
      counts.untake(attempt.who, attempt.error.code, what);
      onlyCountUntilMs = clock.monoMs() + REST_MS;
      arm();
      log.warn(
        { err: failure, path: request.path },
        'a refused attempt could not be written to the audit log; it is counted',
      );
    }
  }

  /** Ends with the write, or before it when the database takes its time; a write ends without an error. */
  function briefly(write: Promise<void>): Promise<void> {
    writing.add(write);
    return new Promise((resolve) => {
      const cancel = clock.after(WAIT_MS, () => {
        late.add(write);
        resolve();
      });
      void write.then(() => {
        cancel();
        late.delete(write);
        writing.delete(write);
        resolve();
      });
    });
  }

  function arm(): void {
    if (isStopped || cancelTimer !== undefined) return;
    cancelTimer = clock.after(WINDOW_MS, () => {
      cancelTimer = undefined;
      void briefly(writeCounted(counts.due(clock.wallMs(), true)));
    });
  }

  return {
    async note(refusal) {
      const attempt = readAttempt(refusal);
      if (attempt === undefined) return;
      arm();
      if (late.size === 0) {
        const over = counts.due(clock.wallMs());
        if (over.length > 0) await briefly(writeCounted(over));
      }
      attempts += 1;
      const isResting = late.size > 0 || clock.monoMs() < onlyCountUntilMs;
      const what = isResting ? undefined : whatOf(attempt, attempts);
      if (!counts.take(attempt.who, attempt.error.code, what) || what === undefined) return;
      await briefly(writeFirst(attempt, what, refusal.request));
    },
    async stop() {
      isStopped = true;
      cancelTimer?.();
      cancelTimer = undefined;
      await Promise.all(writing);
      await writeCounted(counts.due(clock.wallMs(), true));
    },
  };

  async function writeRow({ error, principal, who, route, asked }: Attempt, request: Request): Promise<void> {
    const row: AuditRow = {
      at: new Date(clock.wallMs()),
      entityType: 'request',
      entityId: `${request.method} ${request.path}`.slice(0, 300),
      action: 'refused',
      performedBy: who.accountId ?? null,
      source: principal === undefined ? 'system' : 'manual',
      reason: error.code,
      after: { route: route ?? null, ...asked },
    };
    const login = error.context['refusedLogin'];
    if (typeof login === 'string') {
      Object.assign(row, { entityType: 'account', entityId: login, action: 'login_refused', after: null });
    }
    if (principal === undefined) return writeAudit(db.knex, [{ ...row, ...clientOf(request) }]);
    await writeAs(db.knex, { principal, request }, (trx) => writeAudit(trx, [row]));
  }
}

interface Attempt {
  error: RollcallError;
  principal: Principal | undefined;
  who: { accountId: string | undefined; address: string };
  route: string | undefined;
  /** Whose thing it was, where a gateway reaches for another one's (domain case 120). */
  asked: { gateway_id?: string };
  /** The same for the same attempt; undefined where it is only counted. */
  what: string | undefined;
  /** One by one, however often the same is tried. */
  isEachTime: boolean;
}

/** Told apart by a number of our own: the caller chooses its request id. */
const whatOf = ({ what, isEachTime }: Attempt, attempts: number): string | undefined =>
  isEachTime && what !== undefined ? `${what} ${attempts}` : what;

function readAttempt({ error: thrown, request, response }: Refusal): Attempt | undefined {
  const { status, code } = problemOf(thrown);
  if (status < 400 || status >= 500) return undefined;
  const context = isRollcallError(thrown) ? thrown.context : {};
  const proved = (response.locals['principal'] ?? context['principal']) as Principal | undefined;
  const principal = proved?.accountId == null ? undefined : proved;
  const route = response.locals['route'] as string | undefined;
  // Nothing of ours was touched: nobody said to be anybody, or there is nothing at all at that address.
  if (code === 'TOKEN_MISSING' && READING_METHODS.has(request.method)) return undefined;
  if (code === 'NOT_FOUND' && route === undefined) return undefined;
  const claimed = principal?.accountId ?? context['accountId'];
  const gateway = response.locals['gatewayId'];
  const accountId =
    typeof claimed === 'string' ? claimed : typeof gateway === 'string' ? `gateway:${gateway}` : undefined;
  const isScan = response.locals['rate'] === 'qr_scan';
  if (isScan && isKeptWithScan(status, code)) return undefined;
  return {
    error: { code, context } as RollcallError,
    principal,
    who: { accountId, address: networkOf(request.ip ?? 'unknown') },
    route,
    asked: askedOf(route, response.locals['params']),
    what:
      isScan && COUNTED_CODES_OF_SCANS.has(code)
        ? undefined
        : `${code} ${request.method} ${request.path.slice(0, 300)}`,
    isEachTime:
      typeof context['refusedLogin'] === 'string' || (accountId !== undefined && EACH_TIME.has(code)),
  };
}

/** What stands in the address is not checked yet where the request was refused before. */
function askedOf(route: string | undefined, params: unknown): Attempt['asked'] {
  if (route?.includes('/gateways/{id}/') !== true) return {};
  const id = gatewayIdSchema.safeParse((params as { id?: unknown } | undefined)?.id);
  return id.success ? { gateway_id: id.data } : {};
}

/** Of any route that takes scans, whatever it is called: thousands of phones are refused in the same minute. */
const isKeptWithScan = (status: number, code: string): boolean =>
  [404, 409].includes(status) && !CODES_OF_SCANS_IN_AUDIT.has(code) && !COUNTED_CODES_OF_SCANS.has(code);

function countedRow({ accountId, address, fromMs, untilMs, times }: Counted, at: Date): AuditRow {
  return {
    at,
    entityType: 'request',
    entityId: 'repeated',
    action: 'refused_repeatedly',
    performedBy: accountId ?? null,
    source: 'system',
    reason: Object.keys(times).toSorted().join(', ').slice(0, 255),
    after: { times, from: new Date(fromMs).toISOString(), until: new Date(untilMs).toISOString() },
    ip: address ?? 'many',
  };
}
