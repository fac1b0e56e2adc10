import { type Clock, delay } from '@rollcall/protocol/clock';
import { systemClock } from '@rollcall/protocol/system-clock';
import type { Log } from '../log.js';
import { type Connection, connect } from './connection.js';
import {
  type Cluster,
  ensureCluster,
  ensureRunning,
  LOOPBACK,
  passwordOf,
  SUPERUSER,
  stopCluster,
} from './postgres-cluster.js';
import { locatePostgresHome } from './postgres-home.js';

const DATABASE = 'rollcall';
/** Held shared by every process that uses the embedded PostgreSQL; who gets it alone is the last and stops it. */
const LEASE_LOCK = 0x726f6c02;
const RESTART_WAIT_MS = 500;
const RESTART_WAIT_MAX_MS = 10_000;

/** A PostgreSQL that central starts itself, for installations without DATABASE_URL. */
export interface EmbeddedPostgres {
  /** With its password: never log it. */
  readonly url: string;
  /** Where its files are. */
  readonly directory: string;
  /** True when it was already running: another central shares it, or an earlier one was killed. */
  readonly adopted: boolean;
  /** Stops it, unless another process uses it too. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  dataDir: string;
  log: Log;
  clock?: Clock;
  /** Overrides of tests, such as a smaller shared_buffers. */
  settings?: Readonly<Record<string, string>>;
  /** Where files go that the unprivileged user cannot reach otherwise. */
  reachableRoot?: string;
}

/** @throws RollcallError `DATABASE_UNAVAILABLE`, `DATABASE_STALE_LOCK` or `DATABASE_VERSION_MISMATCH` */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log, clock = systemClock, settings = {} } = options;
  const home = locatePostgresHome(options);
  const cluster: Cluster = { home, log, clock, settings };
  await ensureCluster(cluster);
  const first = await takeLease(cluster);
  await createDatabase(first.lease);
  const keeper = keepRunning(cluster, first.lease);
  log.info({ directory: home.directory, port: first.port, adopted: first.adopted }, 'PostgreSQL is running');
  return {
    url: urlOf(cluster, first.port, DATABASE),
    directory: home.directory,
    adopted: first.adopted,
    stop: () => keeper.stop(),
  };
}

interface Lease {
  lease: Connection;
  port: number;
  adopted: boolean;
}

/** Starts or finds PostgreSQL and registers as a user of it. */
async function takeLease(cluster: Cluster): Promise<Lease> {
  for (let attempt = 1; ; attempt++) {
    const { port, adopted } = await ensureRunning(cluster);
    try {
      const lease = await connect(urlOf(cluster, port, 'postgres'), 'rollcall-lease');
      await lease.query('SELECT pg_advisory_lock_shared($1)', [LEASE_LOCK]);
      return { lease, port, adopted };
    } catch (error) {
      // The last user may just be stopping what was found: then the next round starts it again.
      if (!adopted || attempt >= 3) throw error;
      await delay(cluster.clock, RESTART_WAIT_MS);
    }
  }
}

/** Brings PostgreSQL back when it dies while central runs: the end of the lease's connection tells. */
function keepRunning(cluster: Cluster, first: Connection) {
  const { log, clock } = cluster;
  const stopping = new AbortController();
  let lease = first;
  const watch = async (): Promise<void> => {
    let waitMs = RESTART_WAIT_MS;
    for (;;) {
      await lease.ended;
      if (stopping.signal.aborted) return;
      log.warn('PostgreSQL ended; starting it again');
      try {
        ({ lease } = await takeLease(cluster));
        waitMs = RESTART_WAIT_MS;
      } catch (error) {
        log.error({ err: error, waitMs }, 'PostgreSQL does not come back; trying again');
        await delay(clock, waitMs, stopping.signal).catch(() => undefined);
        waitMs = Math.min(waitMs * 2, RESTART_WAIT_MAX_MS);
      }
    }
  };
  const watching = watch();
  return {
    async stop(): Promise<void> {
      stopping.abort();
      const isLast = await leave(lease);
      await lease.close().catch(() => undefined);
      await watching;
      if (isLast) await stopCluster(cluster);
      else log.info('PostgreSQL keeps running: another process uses it');
    },
  };
}

async function leave(lease: Connection): Promise<boolean> {
  try {
    await lease.query('SELECT pg_advisory_unlock_shared($1)', [LEASE_LOCK]);
    const [row] = await lease.query<{ alone: boolean }>('SELECT pg_try_advisory_lock($1) AS alone', [
      LEASE_LOCK,
    ]);
    return row?.alone === true;
  } catch {
    // It is down already; stopping what is down does nothing.
    return true;
  }
}

async function createDatabase(connection: Connection): Promise<void> {
  const found = await connection.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
  if (found.length > 0) return;
  await connection.query(`CREATE DATABASE ${DATABASE}`).catch(async (error: unknown) => {
    // Two first starts at once: what counts is that it is there.
    const made = await connection.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (made.length === 0) throw error;
  });
}

function urlOf({ home }: Cluster, port: number, database: string): string {
  return `postgres://${SUPERUSER}:${passwordOf(home)}@${LOOPBACK}:${port}/${database}`;
}
