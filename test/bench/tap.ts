import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFleet } from '@rollcall/gateway/devices/fleet';
import { CardLookup } from '@rollcall/gateway/identify/card-lookup';
import { ExpectedStudents } from '@rollcall/gateway/identify/expected-students';
import { keyedHash } from '@rollcall/gateway/identify/keyed-hash';
import { PinTries } from '@rollcall/gateway/identify/pin-tries';
import { createRecordPunch } from '@rollcall/gateway/identify/record-punch';
import { silentLog } from '@rollcall/gateway/log';
import type { RowStamp } from '@rollcall/gateway/store/outbox-row';
import { openStore } from '@rollcall/gateway/store/store';
import { Writer } from '@rollcall/gateway/store/writer';
import type { OpenTransport, TransportHandlers } from '@rollcall/gateway/transport/transport';
import { systemClock } from '@rollcall/protocol/system-clock';
import Sqlite from 'better-sqlite3';
import { withLineChecksum } from './line-frame.js';
import { heapMib, type Measured, percentile, round } from './measured.js';

const TAPS = 10_000;
const WARM_UP_TAPS = 1_000;
const CLASS_TAPS = 60;
const DEVICE_ID = 'line-bench';
const BOOT_ID = '0b0b0b0b-1111-4222-8333-444444444444';

/**
 * From the read that completes the frame to the write of green, through the real driver, recognition, writer
 * and feedback. Only the port is replaced, so that the pty's and the line's own time is not in the figure. A
 * bare commit of a row of the same size stands beside each tap, on the same disk.
 */
export async function measureTap(): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  try {
    return await measureIn(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureIn(directory: string): Promise<Measured> {
  const gateway = openGateway(join(directory, 'gateway'));
  const bare = openBare(join(directory, 'bare.db'));
  const heapBefore = heapMib();
  const taps: number[] = [];
  const commits: number[] = [];
  for (let tap = 0; tap < WARM_UP_TAPS + TAPS; tap++) {
    const tapMs = await gateway.tap(tap);
    const commitMs = bare.commit();
    if (tap < WARM_UP_TAPS) continue;
    taps.push(tapMs);
    commits.push(commitMs);
  }
  const heapAfter = heapMib();
  await gateway.close();
  bare.close();
  const [tapP50, tapP99] = [percentile(taps, 50), percentile(taps, 99)];
  const [bareP50, bareP99] = [percentile(commits, 50), percentile(commits, 99)];
  return {
    figures: {
      'p99 / p99 of the bare commit': round(tapP99 / bareP99),
      'seconds of work for a class of 60 at one reader': round(slowestClassMs(taps) / 1000),
      'slowest feedback without an uplink, ms': round(Math.max(...taps)),
    },
    raw: {
      taps: TAPS,
      'p50 / p50 of the bare commit': round(tapP50 / bareP50),
      'tap p50, ms': round(tapP50),
      'tap p99, ms': round(tapP99),
      'bare commit p50, ms': round(bareP50),
      'bare commit p99, ms': round(bareP99),
      'heap before, MiB': heapBefore,
      'heap after, MiB': heapAfter,
    },
  };
}

/** Domain case 164: sixty taps one after the other, the slowest sixty of all. */
function slowestClassMs(taps: readonly number[]): number {
  let slowestMs = 0;
  for (let from = 0; from + CLASS_TAPS <= taps.length; from += CLASS_TAPS) {
    slowestMs = Math.max(
      slowestMs,
      taps.slice(from, from + CLASS_TAPS).reduce((sum, ms) => sum + ms, 0),
    );
  }
  return slowestMs;
}

interface BenchGateway {
  /** Milliseconds from the read to the write of green. */
  tap(number: number): Promise<number>;
  close(): Promise<void>;
}

function openGateway(dataDir: string): BenchGateway {
  const stampAt = (monoMs: number, wallMs: number): RowStamp => ({
    boot_id: BOOT_ID,
    mono_ms: Math.round(monoMs),
    occurred_at: new Date(wallMs).toISOString(),
    clock_state: 'synced',
  });
  const stamp = () => stampAt(systemClock.monoMs(), systemClock.wallMs());
  const store = openStore({ dataDir, clock: systemClock, log: silentLog, stamp });
  const writer = new Writer({ store, clock: systemClock, log: silentLog, stamp });
  const port = new BenchPort();
  const fleet = createFleet({
    devices: [{ id: DEVICE_ID, driver: 'line', port: 'tcp://bench:1', options: {} }],
    openTransport: port.open,
    clock: systemClock,
    log: silentLog,
    record: createRecordPunch({
      hmacHex: keyedHash(randomBytes(32)),
      lookup: new CardLookup(store.db),
      pinTries: new PinTries(systemClock),
      newPunchId: store.newPunchId,
      stampAt,
      append: (row) => writer.append(row),
      expected: new ExpectedStudents(),
      log: silentLog,
    }),
    onChange: () => undefined,
  });
  fleet.start();
  return {
    async tap(number) {
      const handlers = await port.opened;
      const uid = `04${number.toString(16).toUpperCase().padStart(12, '0')}`;
      const frame = Buffer.from(
        withLineChecksum(`CARD,${uid},A,${String(number + 1).padStart(6, '0')}`),
        'latin1',
      );
      const written = port.nextWrite();
      const startMs = performance.now();
      handlers.onBytes(frame);
      return (await written) - startMs;
    },
    async close() {
      await fleet.stop();
      writer.close();
      store.close();
    },
  };
}

/** A port without a wire: bytes arrive when the benchmark says so, and every write is timed. */
class BenchPort {
  readonly opened: Promise<TransportHandlers>;
  #resolveOpened: (handlers: TransportHandlers) => void = () => undefined;
  #resolveWrite: (atMs: number) => void = () => undefined;

  constructor() {
    this.opened = new Promise((resolve) => {
      this.#resolveOpened = resolve;
    });
  }

  nextWrite(): Promise<number> {
    return new Promise((resolve) => {
      this.#resolveWrite = resolve;
    });
  }

  readonly open: OpenTransport = () => ({
    open: async (handlers) => this.#resolveOpened(handlers),
    write: async () => this.#resolveWrite(performance.now()),
    setBaud: async () => undefined,
    close: async () => undefined,
  });
}

/** One row of the size of a stored punch, one transaction, one fsync. */
function openBare(file: string): { commit(): number; close(): void } {
  const db = new Sqlite(file);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec('CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, body TEXT, at INTEGER)');
  const insert = db.prepare('INSERT INTO outbox (kind, body, at) VALUES (?, ?, ?)');
  const body = JSON.stringify({ padding: 'x'.repeat(380) });
  return {
    commit() {
      const startMs = performance.now();
      insert.run('punch', body, 0);
      return performance.now() - startMs;
    },
    close: () => db.close(),
  };
}
