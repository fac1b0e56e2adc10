import { readRowsAgain } from '../ingest/read-again.js';
import { readMessagesAgain } from '../ingest/read-messages-again.js';
import { READING } from '../ingest/reading.js';
import type { Job } from './job.js';

/**
 * A central of another version put aside what it did not know: this one reads it. At its start, and while older replicas may
 * still be running beside it (domain case 163).
 */
export const readQuarantineAgainJob: Job = {
  name: 'read-quarantine-again',
  title: 'Reads again what a central of another version could not',
  everyMinutes: 5,
  async run({ db, clock, log }) {
    const rows = await readRowsAgain({ db, log, reading: READING, at: new Date(clock.wallMs()) });
    const messages = await readMessagesAgain({ db, clock, log, reading: READING });
    return rows + messages === 0 ? undefined : `${rows} rows and ${messages} messages became evidence`;
  },
};
