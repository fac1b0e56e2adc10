import { RollcallError } from '@rollcall/protocol/errors';
import createKnex, { type Knex } from 'knex';
import type { Log } from '../log.js';
import { connectionSettings, unavailable } from './connection.js';

export type { Knex } from 'knex';

/** Connections of one central process; two cores of PostgreSQL gain nothing from more. */
const POOL_CONNECTIONS_MAX = 10;
/** A request that waits longer for a free connection fails instead of piling up. */
const POOL_WAIT_MS = 15_000;
/** Multiranges, which the settled seqs of a store are kept in, came with 14. */
const SERVER_VERSION_MIN = 14;

export interface Database {
  knex: Knex;
  /** With its password: never log it. */
  url: string;
  close(): Promise<void>;
}

/** How the planner finds every row by an index, one row of a join after the other (see `findByIndex`). */
export const BY_INDEX: Readonly<Record<string, string>> = {
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  plan_cache_mode: 'force_generic_plan',
};

/** Whether the connections of this pool do so always. */
export const plansByIndex = (knex: Knex): boolean => knex.userParams?.['plansByIndex'] === true;

export interface DatabaseOptions {
  url: string;
  log: Log;
  poolMax?: number;
  /** For a pool of statements that all ask for `findByIndex`, which it spares them. */
  isByIndex?: boolean;
}

/**
 * Opens the pool and proves that the server answers. Connections that die later are replaced by the pool.
 *
 * @throws RollcallError `DATABASE_UNAVAILABLE` or `DATABASE_VERSION_MISMATCH`
 */
export async function openDatabase({
  url,
  log,
  poolMax = POOL_CONNECTIONS_MAX,
  isByIndex = false,
}: DatabaseOptions): Promise<Database> {
  const knex = createKnex({
    client: 'pg',
    connection: {
      ...connectionSettings(url, 'rollcall-central', isByIndex ? BY_INDEX : {}),
      // What is asked at once goes out at once, and is answered in that order.
      pipeline: true,
    } as Knex.PgConnectionConfig,
    pool: { min: 0, max: poolMax },
    acquireConnectionTimeout: POOL_WAIT_MS,
    log: {
      warn: (message: unknown) => log.warn(String(message)),
      error: (message: unknown) => log.error(String(message)),
      deprecate: (message: unknown) => log.debug(String(message)),
      debug: (message: unknown) => log.debug(String(message)),
    },
  });
  knex.userParams = { plansByIndex: isByIndex };
  try {
    await checkVersion(knex, url);
  } catch (error) {
    await knex.destroy();
    throw error;
  }
  return { knex, url, close: () => knex.destroy() };
}

async function checkVersion(knex: Knex, url: string): Promise<void> {
  let version: number;
  try {
    const result = await knex.raw<{ rows: { version: number }[] }>(
      "SELECT current_setting('server_version_num')::int / 10000 AS version",
    );
    version = result.rows[0]?.version ?? 0;
  } catch (error) {
    throw unavailable(url, error);
  }
  if (version < SERVER_VERSION_MIN) {
    throw new RollcallError(
      'DATABASE_VERSION_MISMATCH',
      `The server in DATABASE_URL is PostgreSQL ${version}; central needs ${SERVER_VERSION_MIN} or newer. ` +
        'Upgrade it, or unset DATABASE_URL to use the one that comes with central',
    );
  }
}
