import type { CentralConfig } from '../config.js';
import type { Database } from '../db/database.js';
import { openConfiguredDatabase } from '../db/open-configured.js';
import { createLog } from '../log.js';

const EXIT_OF_SIGNAL = { SIGINT: 130, SIGTERM: 143 } as const;

/** For commands that end by themselves: also when they are interrupted, no PostgreSQL of theirs is left behind. */
export async function withDatabase(
  config: CentralConfig,
  work: (database: Database) => Promise<void>,
): Promise<void> {
  const interrupted = new AbortController();
  let exitCode = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      exitCode = EXIT_OF_SIGNAL[signal];
      interrupted.abort();
    });
  }
  const database = await openConfiguredDatabase(config, createLog('warn'));
  // A transaction that is cut off is rolled back: nothing is half loaded.
  const stopEarly = (): void => {
    void database.close().finally(() => process.exit(exitCode));
  };
  if (interrupted.signal.aborted) stopEarly();
  interrupted.signal.addEventListener('abort', stopEarly);
  try {
    await work(database);
  } finally {
    if (!interrupted.signal.aborted) await database.close();
  }
}
