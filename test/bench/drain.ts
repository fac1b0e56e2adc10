import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { silentLog } from '@rollcall/gateway/log';
import { openStore } from '@rollcall/gateway/store/store';
import { Writer } from '@rollcall/gateway/store/writer';
import { cardRead, hashRead } from '@rollcall/protocol/credential';
import { systemClock } from '@rollcall/protocol/system-clock';
import { Campus } from '../support/campus.js';
import { CampusDatabase } from '../support/campus-database.js';
import { residentMib } from '../support/memory.js';
import { until } from '../support/until.js';
import { heapMib, type Measured, round } from './measured.js';

const PUNCHES = 100_000;
const BOOT_ID = '0b0b0b0b-1111-4222-8333-444444444444';
const DEADLINE_MS = 300_000;

/**
 * A gateway that was cut off for days comes back: real gateway and central processes, the embedded broker,
 * a PostgreSQL that syncs every commit. Measured from the first committed punch to the last.
 */
export async function measureDrain(): Promise<Measured> {
  const campus = await Campus.prepare({
    database: await CampusDatabase.openDurable(),
    centralEnv: { ROLLCALL_LOG_LEVEL: 'info' },
  });
  try {
    await fillOutbox(campus);
    const heapBefore = heapMib();
    campus.gateway.launch({ ROLLCALL_LOG_LEVEL: 'info' });
    await campus.gateway.process.line('ready');
    const first = await firstPunch(campus);
    const memory = new MemoryWatch([campus.gateway.process.pid, campus.central.process.pid]);
    await campus.drained(DEADLINE_MS);
    const last = await lastPunch(campus);
    const growthMib = memory.stop();
    const stored = await campus.database.count('punch');
    if (stored !== PUNCHES) throw new Error(`${stored} of ${PUNCHES} punches arrived`);
    return {
      figures: {
        'punches/s': round(((PUNCHES - first.count) * 1000) / (last - first.atMs)),
        'growth of resident memory, MiB': round(growthMib),
      },
      raw: {
        punches: PUNCHES,
        'seconds from first to last commit': round((last - first.atMs) / 1000),
        'heap before, MiB': heapBefore,
        'heap after, MiB': heapMib(),
      },
    };
  } finally {
    await campus.stop();
  }
}

/** Written by the gateway's own store, faster than readers could. */
async function fillOutbox(campus: Campus): Promise<void> {
  const key = Buffer.from(readFileSync(campus.cardHashKeyFile, 'utf8').trim(), 'hex');
  const hmacHex = (text: string): string => createHmac('sha256', key).update(text, 'utf8').digest('hex');
  const stamp = () => ({
    boot_id: BOOT_ID,
    mono_ms: Math.round(systemClock.monoMs()),
    occurred_at: new Date().toISOString(),
    clock_state: 'synced' as const,
  });
  const store = openStore({ dataDir: campus.gateway.dataDir, clock: systemClock, log: silentLog, stamp });
  const writer = new Writer({ store, clock: systemClock, log: silentLog, stamp });
  for (let from = 0; from < PUNCHES; from += GROUP_ROWS) {
    const rows = Array.from({ length: Math.min(GROUP_ROWS, PUNCHES - from) }, (_, index) => {
      const uid = Buffer.from((from + index).toString(16).padStart(14, '0'), 'hex');
      uid[0] = 0x04;
      return writer.append({
        kind: 'punch',
        body: {
          ...stamp(),
          punch_id: store.newPunchId(),
          device_id: 'line-r101',
          kind: 'card',
          credential: hashRead(cardRead('iso14443a', uid), hmacHex),
        },
      });
    });
    const outcomes = await Promise.all(rows);
    if (outcomes.some(({ kept }) => !kept)) throw new Error('the store refused a row');
  }
  writer.close();
  store.close();
}

const GROUP_ROWS = 250;

async function firstPunch(campus: Campus): Promise<{ atMs: number; count: number }> {
  return until('the first punches are committed', async () => {
    const [row] = await campus.database.rows<{ at: number | null; count: number }>(
      'SELECT extract(epoch FROM min(received_at))::float8 * 1000 AS at, count(*)::int AS count FROM punch',
    );
    if (row === undefined || row.at === null) return undefined;
    const [{ n } = { n: 0 }] = await campus.database.rows<{ n: number }>(
      'SELECT count(*)::int AS n FROM punch WHERE received_at = (SELECT min(received_at) FROM punch)',
    );
    return { atMs: row.at, count: n };
  });
}

async function lastPunch(campus: Campus): Promise<number> {
  const [row] = await campus.database.rows<{ at: number }>(
    'SELECT extract(epoch FROM max(received_at))::float8 * 1000 AS at FROM punch',
  );
  return row?.at ?? Number.NaN;
}

const SAMPLE_MS = 100;

/** How far the largest of the processes grows beyond what it had at the start, in MiB. */
class MemoryWatch {
  readonly #starts: Map<number, number>;
  readonly #timer: NodeJS.Timeout;
  #growthMib = 0;

  constructor(pids: readonly number[]) {
    this.#starts = new Map(pids.map((pid) => [pid, residentMib(pid)]));
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  stop(): number {
    clearInterval(this.#timer);
    this.#sample();
    return this.#growthMib;
  }

  #sample(): void {
    for (const [pid, startMib] of this.#starts) {
      this.#growthMib = Math.max(this.#growthMib, residentMib(pid) - startMib);
    }
  }
}
