import { join } from 'node:path';
import Sqlite from 'better-sqlite3';

const HOURS_PAST_ANY_RETENTION = 24 * 400;

/** Makes every acked row of a stopped gateway older than any retention, as if a year had passed. */
export function ageAckedRows(dataDir: string): void {
  const db = new Sqlite(join(dataDir, 'outbox.db'));
  try {
    db.prepare('UPDATE ack_mark SET acked_hour = acked_hour - ? WHERE acked_hour > 0').run(
      HOURS_PAST_ANY_RETENTION,
    );
  } finally {
    db.close();
  }
}
