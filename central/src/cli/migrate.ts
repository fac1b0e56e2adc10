import type { Command } from 'commander';
import { readConfig } from '../config.js';
import { migrate } from '../db/migrate.js';
import { withDatabase } from './with-database.js';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('brings the schema of the database up to date; "run" does it too')
    .option('--data-dir <path>', 'folder of the database and the keys (default ./var)')
    .action(async (flags: { dataDir?: string }) => {
      const config = readConfig(process.env, flags);
      await withDatabase(config, async (database) => {
        const ran = await migrate(database);
        process.stdout.write(ran.length === 0 ? 'The schema is up to date\n' : `${ran.join('\n')}\n`);
      });
    });
}
