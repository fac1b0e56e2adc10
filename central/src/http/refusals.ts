import { isIPv6 } from 'node:net';
import { isRollcallError, type RollcallError } from '@rollcall/protocol/errors';
import type { Request, Response } from 'express';
import { type AuditRow, writeAudit } from '../audit/write-audit.js';
import type { Principal } from '../auth/principal.js';
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
/** What is refused of a scan is kept with the scan, except where there is nothing of it to keep. */
const SCAN_PATH = /\/records\/qr-scan\/?$/;
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
  let cancelTimer: (() => void) | undefined;

  async function writeCounted(counted: readonly Counted[]): Promise<void> {
    const at = new Date(clock.wallMs());
    try {
      await writeAudit(
        db.knex,
        counted.map((one) => countedRow(one, at)),
      );
    } catch (failure) {
      log.warn(
        { err: failure, rows: counted.length },
        'refused attempts could not be written to the audit log',
      );
    }
  }

  function arm(): void {
    if (cancelTimer !== undefined) return;
    cancelTimer = clock.after(WINDOW_MS, () => {
      cancelTimer = undefined;
      void writeCounted(counts.due(clock.wallMs(), true));
    });
  }

  return {
    async note(refusal) {
      const attempt = readAttempt(refusal);
      if (attempt === undefined) return;
      const over = counts.due(clock.wallMs());
      if (over.length > 0) await writeCounted(over);
      arm();
      if (!counts.take(attempt.who, attempt.error.code, attempt.what)) return;
      try {
        await writeRow(attempt, refusal.request);
      } catch (failure) {
        log.warn(
          { err: failure, path: refusal.request.path },
          'a refused attempt could not be written to the audit log',
        );
      }
    },
    async stop() {
      cancelTimer?.();
      cancelTimer = undefined;
      await writeCounted(counts.due(clock.wallMs(), true));
    },
  };

  async function writeRow({ error, principal, who, route }: Attempt, request: Request): Promise<void> {
    const row: AuditRow = {
      at: new Date(clock.wallMs()),
      entityType: 'request',
      entityId: `${request.method} ${request.path}`.slice(0, 300),
      action: 'refused',
      performedBy: who.accountId ?? null,
      source: principal === undefined ? 'system' : 'manual',
      reason: error.code,
      after: { route: route ?? null },
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
  /** The same for the same attempt; undefined where it is only counted. */
  what: string | undefined;
}

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
  const attempt = { code, status, request };
  if (isKeptWithScan(attempt)) return undefined;
  const isEachTime =
    typeof context['refusedLogin'] === 'string' || (accountId !== undefined && EACH_TIME.has(code));
  return {
    error: { code, context } as RollcallError,
    principal,
    who: { accountId, address: networkOf(request.ip ?? 'unknown') },
    route,
    what: whatOf(attempt, isEachTime ? clientOf(request).requestId : ''),
  };
}

interface Told {
  code: string;
  status: number;
  request: Request;
}

const isKeptWithScan = ({ code, status, request }: Told): boolean =>
  SCAN_PATH.test(request.path) &&
  [404, 409].includes(status) &&
  !CODES_OF_SCANS_IN_AUDIT.has(code) &&
  !COUNTED_CODES_OF_SCANS.has(code);

function whatOf({ code, request }: Told, attempt: string): string | undefined {
  if (SCAN_PATH.test(request.path) && COUNTED_CODES_OF_SCANS.has(code)) return undefined;
  return `${code} ${request.method} ${request.path.slice(0, 300)} ${attempt}`;
}

/** Of IPv6 the network: one machine has as many addresses in it as it likes. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  return `${address.split(':').slice(0, 4).join(':')}::/64`;
}

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
