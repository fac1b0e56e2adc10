import { readFile } from 'node:fs/promises';
import { RollcallError } from '@rollcall/protocol/errors';
import { systemClock } from '@rollcall/protocol/system-clock';
import type { Command } from 'commander';
import { readConfig } from '../config.js';
import { migrate } from '../db/migrate.js';
import { loadCampusKey } from '../people/campus-key.js';
import { loadDataKeys } from '../privacy/data-key.js';
import { createSeal } from '../privacy/seal.js';
import { seedCampus } from '../seed/seed-campus.js';
import { storeFingers } from '../seed/store-fingers.js';
import { withDatabase } from './with-database.js';

interface SeedFlags {
  dataDir?: string;
  provisionDir?: string;
}

export function addSeed(program: Command): void {
  program
    .command('seed')
    .description('loads a campus from a JSON file; again with the same file changes nothing')
    .argument('<file>', 'campus file')
    .option('--data-dir <path>', 'folder of the database and the keys (default ./var)')
    .option(
      '--provision-dir <path>',
      "folder for the gateways' secrets: <gateway>/mqtt-password, <gateway>/card-hash-key and <gateway>/template-key",
    )
    .action(seedCommand);
}

/** Works while central runs and while it does not. */
async function seedCommand(path: string, flags: SeedFlags): Promise<void> {
  const config = readConfig(process.env, { dataDir: flags.dataDir });
  const bytes = await readCampusFile(path);
  await withDatabase(config, async (db) => {
    await migrate(db);
    const campusKey = await loadCampusKey({
      dataDir: config.dataDir,
      ...(config.cardHashKeyFile === undefined ? {} : { file: config.cardHashKeyFile }),
    });
    const dataKeys = await loadDataKeys(db.knex, { dataDir: config.dataDir, file: config.dataKeyFile });
    const seal = createSeal(dataKeys);
    const seeded = await seedCampus({
      db,
      clock: systemClock,
      campusKey,
      storeFingers: (trx, file) => storeFingers(trx, { file, seal, nowMs: systemClock.wallMs() }),
      bytes,
      ...(flags.provisionDir === undefined ? {} : { provisionDir: flags.provisionDir }),
    });
    const { gateways, devices, students, slots, sessions } = seeded;
    process.stdout.write(
      `${gateways} gateways, ${devices} devices, ${students} students, ${slots} weekly classes; ` +
        `class sessions: ${sessions.created} created, ${sessions.existing} existing\n`,
    );
  });
}

async function readCampusFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RollcallError('SEED_INVALID', `The campus file cannot be read: ${reason}`, { cause });
  }
}
