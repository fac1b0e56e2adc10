import { type Database, openDatabase } from '@rollcall/central/db/database';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@rollcall/central/db/embedded-postgres';
import { migrate } from '@rollcall/central/db/migrate';
import { makeReachableDirectory, removeServerFiles } from '@rollcall/central/db/test-database';
import { silentLog } from '@rollcall/central/log';

/**
 * A migrated database on a server of its own with the settings of an installation, where every commit reaches
 * the disk: for benchmarks, and for tests that kill the server.
 */
export async function openDurableDatabase(): Promise<Database & { server: EmbeddedPostgres }> {
  const directory = makeReachableDirectory();
  const server = await startEmbeddedPostgres({ dataDir: directory, log: silentLog });
  const database = await openDatabase({ url: server.url, log: silentLog });
  await migrate(database);
  return {
    ...database,
    server,
    async close() {
      await database.close();
      await server.stop();
      removeServerFiles(directory);
    },
  };
}
