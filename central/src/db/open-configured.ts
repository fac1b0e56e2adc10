import type { CentralConfig } from '../config.js';
import type { Log } from '../log.js';
import { type Database, openDatabase } from './database.js';
import { startEmbeddedPostgres } from './embedded-postgres.js';

/** The database of the configuration; closing it also stops the PostgreSQL that was started for it. */
export async function openConfiguredDatabase(
  { databaseUrl, dataDir }: Pick<CentralConfig, 'databaseUrl' | 'dataDir'>,
  log: Log,
): Promise<Database> {
  if (databaseUrl !== undefined) return openDatabase({ url: databaseUrl, log });
  const server = await startEmbeddedPostgres({ dataDir, log });
  try {
    const database = await openDatabase({ url: server.url, log });
    return {
      ...database,
      async close() {
        await database.close();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
