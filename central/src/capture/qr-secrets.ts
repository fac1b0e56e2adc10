import { randomBytes } from 'node:crypto';
import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { SCOPE_OF_CLASS_SQL, type ScopeRow, settingsOfClass, toScope } from '../calendar/class-scope.js';
import { loadSettings } from '../calendar/settings.js';
import type { Knex } from '../db/database.js';
import type { Seal } from '../privacy/seal.js';
import type { Settings } from '../rules/setting-keys.js';
import { holdSession, refuseLocked } from '../sessions/session-row.js';
import { fallbackCode, goodSteps, isGenuine, isInTime, type QrTimes, readToken } from './qr-code.js';
import { type ScanSettings, SETTINGS_OF_SCANS } from './qr-verdict.js';

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
  settings: CodeSettings;
}

/** Of the class: how its codes change, and what scans of them need. One object for all classes of a kind. */
export interface CodeSettings {
  times: QrTimes;
  ofScans: ScanSettings;
}

interface SecretRow extends ScopeRow {
  id: string;
  qr_secret_sealed: Buffer;
  qr_expires_at: Date;
}

interface Known {
  secrets: ReadonlyMap<string, ActiveSecret>;
  /** Codes that were found genuine by these secrets: whoever looks at one screen scans the same text. */
  genuine: Map<string, Genuine>;
  readMonoMs: number;
}

interface Genuine {
  active: ActiveSecret;
  step: number;
}

export interface QrSecrets {
  /** Undefined: the class session has no code now. */
  secretOf(sessionId: string): Promise<ActiveSecret | undefined>;
  /** What a code stands for. @throws RollcallError `QR_EXPIRED` (domain cases 98, 99, 109) */
  check(code: string, nowMs: number): Promise<ActiveSecret>;
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

const codeSettingsOf = (settings: Settings): CodeSettings => ({
  times: { rotateSeconds: settings.QR_ROTATE_SECONDS, skewSeconds: settings.QR_SKEW_SECONDS },
  ofScans: Object.fromEntries(SETTINGS_OF_SCANS.map((key) => [key, settings[key]])) as ScanSettings,
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
    const found: Known = { secrets, genuine: new Map(), readMonoMs };
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
    const alike = new Map<string, CodeSettings>();
    const settingsOf = (row: SecretRow): CodeSettings => {
      const name = `${row.programme_id ?? ''}\n${row.course_type}`;
      const settings = alike.get(name) ?? codeSettingsOf(settingsAt(now.getTime(), toScope(row)));
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

  /** What is known, and of it the secret of a class session that has one now. */
  async function look(sessionId: string): Promise<Known & { active: ActiveSecret | undefined }> {
    const young = await fresh(KNOWN_FOR_MS);
    const here = young.secrets.has(sessionId) ? young : await fresh(MISS_INTERVAL_MS);
    const active = here.secrets.get(sessionId);
    return { ...here, active: active !== undefined && isGood(active) ? active : undefined };
  }

  /** Only what has a signature of ours is remembered: a few codes of each class session until secrets are read again. */
  async function verify(code: string): Promise<Genuine | undefined> {
    const token = readToken(code);
    if (token === undefined) return undefined;
    const { active, genuine } = await look(token.sessionId);
    if (active === undefined || !isGenuine(token, active.secret)) return undefined;
    const found = { active, step: token.step };
    genuine.set(code, found);
    return found;
  }

  const isGood = ({ expiresMs }: ActiveSecret): boolean => expiresMs > clock.wallMs();

  return {
    async secretOf(sessionId) {
      return (await look(sessionId)).active;
    },
    async check(code, nowMs) {
      const found = (await fresh(KNOWN_FOR_MS)).genuine.get(code) ?? (await verify(code));
      if (found === undefined || !isGood(found.active)) throw expired();
      if (isInTime(found.step, nowMs, found.active.settings.times)) return found.active;
      throw expired();
    },
    async find(code, nowMs) {
      const find = ({ secrets }: Known): ActiveSecret | undefined => {
        for (const active of secrets.values()) {
          const { sessionId, secret, expiresMs, settings } = active;
          if (expiresMs <= nowMs) continue;
          const steps = goodSteps(nowMs, settings.times);
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
