import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * One folder for the PostgreSQL of a whole run: the first test that needs it makes the cluster, the others
 * only copy a database. Runs that need none start none.
 */
export default function setUp(): () => Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-postgres-'));
  // PostgreSQL's unprivileged user has to enter it when the tests run as root.
  chmodSync(directory, 0o755);
  process.env['ROLLCALL_TEST_POSTGRES'] = directory;
  return async () => {
    if (readdirSync(directory).length === 0) {
      rmSync(directory, { recursive: true });
      return;
    }
    const { removeSharedServer } = await import('../../central/src/db/test-database.js');
    await removeSharedServer(directory);
  };
}
