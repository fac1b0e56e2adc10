import { randomBytes } from 'node:crypto';
import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { SCOPE_OF_CLASS_SQL, type ScopeRow, settingsOfClass, toScope } from '../calendar/class-scope.js';
import { loadSettings } from '../calendar/settings.js';
import type { Knex } from '../db/database.js';
import type { Seal } from '../privacy/seal.js';
import type { Settings } from '../rules/setting-keys.js';
import { holdSession, refuseLocked } from '../sessions/session-row.js';
import { fallbackCode, goodSteps, isGenuine, isInTime, type QrTimes, type QrToken } from './qr-code.js';

/** Told whenever a class session has a new secret, or none any more. */
export const QR_CHANNEL = 'rollcall_qr';
const SECRET_BYTES = 32;
/** Settings and secrets are read again after this long, whoever forgot to tell. */
const KNOWN_FOR_MS = 5_000;
/** A code that nobody knows makes at most so many look-ups. */
const MISS_INTERVAL_MS = 500;
const MINUTE_MS = 60_000;

export interface ActiveSecret {
  sessionId: string;
  secret: Buffer;
  expiresMs: number;
  /** Those of the class. */
  settings: Settings;
}

interface SecretRow extends ScopeRow {
  id: string;
  qr_secret_sealed: Buffer;
  qr_expires_at: Date;
}

interface Known {
  secrets: ReadonlyMap<string, ActiveSecret>;
  readMonoMs: number;
}

export interface QrSecrets {
  /** Undefined: the class session has no code now. */
  secretOf(sessionId: string): Promise<ActiveSecret | undefined>;
  /** What a code stands for. @throws RollcallError `QR_EXPIRED` (domain cases 98, 99, 109) */
  check(token: QrToken, nowMs: number): Promise<ActiveSecret>;
  /** What these six characters stand for. @throws RollcallError `QR_EXPIRED` */
  find(code: string, nowMs: number): Promise<ActiveSecret>;
  /** @param sessionId whose code has changed; without one everything is read again, as after a change of a setting */
  forget(sessionId?: string): void;
}

export interface QrSecretsOptions {
  knex: Knex;
  clock: Pick<Clock, 'wallMs' | 'monoMs'>;
  seal: Seal;
}

export const timesOf = (settings: Settings): QrTimes => ({
  rotateSeconds: settings.QR_ROTATE_SECONDS,
  skewSeconds: settings.QR_SKEW_SECONDS,
});

const placeOf = (row: string) => ({ table: 'attendance_session', column: 'qr_secret_sealed', row });

/** The secrets of all codes that are on some screen now: some hundreds at most, kept in memory. */
export function createQrSecrets({ knex, clock, seal }: QrSecretsOptions): QrSecrets {
  let known: Known | undefined;
  /** Of what is known: class sessions whose code has changed since. */
  const changed = new Set<string>();
  let reading: Promise<Known> | undefined;
  /** Raised by every change: what began to be read before it says nothing about it. */
  let generation = 0;

  const isYoung = (one: Known, maxAgeMs: number): boolean => clock.monoMs() - one.readMonoMs < maxAgeMs;

  /**
   * At the full hour hundreds of classes ask for a code in the same seconds: each makes the others' no older, or every
   * new code would have all of them read and unsealed again.
   */
  async function read(maxAgeMs: number): Promise<Known> {
    const readGeneration = generation;
    const base = known !== undefined && isYoung(known, maxAgeMs) ? known : undefined;
    const ids = base === undefined ? undefined : [...changed];
    const readMonoMs = base?.readMonoMs ?? clock.monoMs();
    const secrets = new Map(base?.secrets);
    for (const id of ids ?? []) secrets.delete(id);
    for (const secret of await load(ids)) secrets.set(secret.sessionId, secret);
    const found = { secrets, readMonoMs };
    if (readGeneration === generation) {
      known = found;
      changed.clear();
    }
    return found;
  }

  /** @param ids those of these class sessions only */
  async function load(ids: readonly string[] | undefined): Promise<ActiveSecret[]> {
    const now = new Date(clock.wallMs());
    const settingsAt = await loadSettings(knex);
    const { rows } = await knex.raw<{ rows: SecretRow[] }>(
      `SELECT s.id, s.qr_secret_sealed, s.qr_expires_at, ${SCOPE_OF_CLASS_SQL} FROM attendance_session s
       WHERE s.qr_secret_sealed IS NOT NULL AND s.qr_expires_at > ?::timestamptz
         ${ids === undefined ? '' : 'AND s.id = ANY(?::uuid[])'}`,
      ids === undefined ? [now] : [now, ids as never],
    );
    // One for each kind of class: most codes share it.
    const alike = new Map<string, Settings>();
    const settingsOf = (row: SecretRow): Settings => {
      const name = `${row.programme_id ?? ''}\n${row.course_type}`;
      const settings = alike.get(name) ?? settingsAt(now.getTime(), toScope(row));
      alike.set(name, settings);
      return settings;
    };
    return rows.map((row) => ({
      sessionId: row.id,
      secret: seal.open(row.qr_secret_sealed, placeOf(row.id)),
      expiresMs: row.qr_expires_at.getTime(),
      settings: settingsOf(row),
    }));
  }

  function fresh(maxAgeMs: number): Promise<Known> {
    if (known !== undefined && changed.size === 0 && isYoung(known, maxAgeMs)) return Promise.resolve(known);
    if (reading !== undefined) return reading;
    const begun = read(maxAgeMs).finally(() => {
      if (reading === begun) reading = undefined;
    });
    reading = begun;
    return begun;
  }

  async function secretOf(sessionId: string): Promise<ActiveSecret | undefined> {
    const here = (await fresh(KNOWN_FOR_MS)).secrets.get(sessionId);
    const secret = here ?? (await fresh(MISS_INTERVAL_MS)).secrets.get(sessionId);
    return secret !== undefined && secret.expiresMs > clock.wallMs() ? secret : undefined;
  }

  return {
    secretOf,
    async check(token, nowMs) {
      const active = await secretOf(token.sessionId);
      if (active === undefined || !isGenuine(token, active.secret)) throw expired();
      if (isInTime(token.step, nowMs, timesOf(active.settings))) return active;
      throw expired();
    },
    async find(code, nowMs) {
      const find = ({ secrets }: Known): ActiveSecret | undefined => {
        for (const active of secrets.values()) {
          const { sessionId, secret, expiresMs, settings } = active;
          if (expiresMs <= nowMs) continue;
          const steps = goodSteps(nowMs, timesOf(settings));
          if (steps.some((step) => fallbackCode(sessionId, step, secret) === code)) return active;
        }
        return undefined;
      };
      const found = find(await fresh(KNOWN_FOR_MS)) ?? find(await fresh(MISS_INTERVAL_MS));
      if (found !== undefined) return found;
      throw expired();
    },
    forget(sessionId = '') {
      // Where nobody scans nothing reads either: what would be read whole anyway remembers no changes.
      if (sessionId === '' || known === undefined || !isYoung(known, KNOWN_FOR_MS)) {
        known = undefined;
        changed.clear();
      } else changed.add(sessionId);
      reading = undefined;
      generation += 1;
    },
  };
}

/** One answer for old, replaced and made-up codes: whoever guesses learns nothing. */
const expired = (): RollcallError => new RollcallError('QR_EXPIRED', 'Scan the new code on the screen');

/**
 * A new secret for the code of a class session; every older code of it is useless from now on (case 109).
 *
 * @throws RollcallError `NOT_FOUND`, `SESSION_LOCKED`, `SESSION_NOT_OPEN` or `QR_DISABLED`
 */
export async function renewSecret(
  trx: Knex,
  {
    sessionId,
    seal,
    nowMs,
    accountId,
  }: { sessionId: string; seal: Seal; nowMs: number; accountId: string | null },
): Promise<void> {
  const session = await holdSession(trx, sessionId);
  refuseLocked(session);
  if (session.status !== 'open' && session.status !== 'scheduled') {
    throw new RollcallError('SESSION_NOT_OPEN', `A class session that is ${session.status} has no code`);
  }
  const settings = await settingsOfClass(trx, sessionId, nowMs);
  if (!settings.ALLOW_QR_SELF_MARK) {
    throw new RollcallError(
      'QR_DISABLED',
      'The college does not take attendance of such classes by codes (ALLOW_QR_SELF_MARK)',
    );
  }
  const now = new Date(nowMs);
  const endMs = Math.min(nowMs + settings.QR_TOKEN_EXPIRY_MINUTES * MINUTE_MS, session.reach_until.getTime());
  if (endMs <= nowMs) {
    throw new RollcallError(
      'SESSION_NOT_OPEN',
      'This class is over: nothing that is scanned now counts for it',
    );
  }
  await trx('attendance_session')
    .where({ id: sessionId })
    .update({
      qr_secret_sealed: seal.seal(randomBytes(SECRET_BYTES), placeOf(sessionId)),
      qr_generated_at: now,
      qr_expires_at: new Date(endMs),
    });
  await trx('attendance_audit_log').insert({
    at: now,
    entity_type: 'attendance_session',
    entity_id: sessionId,
    action: 'generate_qr',
    performed_by: accountId,
    source: 'manual',
    after: JSON.stringify({ qr_expires_at: new Date(endMs) }),
    session_id: sessionId,
  });
  await trx.raw('SELECT pg_notify(?, ?)', [QR_CHANNEL, sessionId]);
}
