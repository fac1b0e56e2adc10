import type { Database, Statement } from './open.js';

/**
 * Digests remembered, of all terminals together: the largest ones hold a million entries. About 100 bytes each. A
 * terminal that sends again what is older than that makes second punches of it, at the same times, which the rules
 * of central merge.
 */
export const LOG_DIGESTS_MAX = 2_000_000;
/** Lines put aside, of all terminals together; the oldest go first. */
export const REJECTED_LINES_MAX = 1_000;
/** Characters of one line; a longer one is cut. */
const REJECTED_LINE_CHARS_MAX = 512;
/** Old digests are looked for once in so many new ones. */
const PRUNE_EVERY = 1_024;

export interface DeviceStateLimits {
  logDigests: number;
  rejectedLines: number;
}

/** What the store knows about devices with a log of their own. Transactions are the writer's. */
export class DeviceState {
  readonly #limits: DeviceStateLimits;
  readonly #get: Statement;
  readonly #set: Statement;
  readonly #claim: Statement;
  readonly #prune: Statement;
  readonly #reject: Statement;
  readonly #pruneRejected: Statement;

  constructor(
    db: Database,
    limits: DeviceStateLimits = { logDigests: LOG_DIGESTS_MAX, rejectedLines: REJECTED_LINES_MAX },
  ) {
    this.#limits = limits;
    this.#get = db.prepare('SELECT value FROM device_memory WHERE device_id = ? AND name = ?');
    this.#set = db.prepare(
      `INSERT INTO device_memory (device_id, name, value) VALUES (?, ?, ?)
       ON CONFLICT (device_id, name) DO UPDATE SET value = excluded.value`,
    );
    this.#claim = db.prepare('INSERT OR IGNORE INTO device_log (device_id, digest) VALUES (?, ?)');
    this.#prune = db.prepare('DELETE FROM device_log WHERE id <= ?');
    this.#reject = db.prepare(
      'INSERT INTO device_rejected (device_id, at_wall_ms, reason, line) VALUES (?, ?, ?, ?)',
    );
    this.#pruneRejected = db.prepare('DELETE FROM device_rejected WHERE id <= ?');
  }

  recall(deviceId: string, name: string): string | undefined {
    return (this.#get.get(deviceId, name) as { value: string } | undefined)?.value;
  }

  remember(deviceId: string, name: string, value: string): void {
    this.#set.run(deviceId, name, value);
  }

  /** True the first time that this device brings this entry. */
  claim(deviceId: string, digest: Uint8Array): boolean {
    const { changes, lastInsertRowid } = this.#claim.run(deviceId, digest);
    if (changes === 0) return false;
    const id = Number(lastInsertRowid);
    if (id % PRUNE_EVERY === 0) this.#prune.run(id - this.#limits.logDigests);
    return true;
  }

  /** Puts a line aside that nobody understood. */
  putAside(
    deviceId: string,
    { line, reason, wallMs }: { line: string; reason: string; wallMs: number },
  ): void {
    const text = line.slice(0, REJECTED_LINE_CHARS_MAX);
    const { lastInsertRowid } = this.#reject.run(deviceId, Math.max(0, Math.round(wallMs)), reason, text);
    this.#pruneRejected.run(Number(lastInsertRowid) - this.#limits.rejectedLines);
  }
}
