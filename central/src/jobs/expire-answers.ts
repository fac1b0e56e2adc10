import { ANSWER_KEPT_MS } from '../http/idempotency.js';
import type { Job } from './job.js';

/** Rows of one statement: a table that grew for days is emptied without a long transaction. */
const BATCH_ROWS = 5_000;

export const expireAnswersJob: Job = {
  name: 'expire-answers',
  title: 'Forgets the kept answers to repeatable requests after a day',
  everyMinutes: 60,
  async run({ db: { knex }, clock }) {
    const before = new Date(clock.wallMs() - ANSWER_KEPT_MS);
    let removed = 0;
    for (;;) {
      const { rowCount } = await knex.raw<{ rowCount: number }>(
        `DELETE FROM idempotent_answer WHERE (account_id, key) IN (
           SELECT account_id, key FROM idempotent_answer WHERE created_at < ? ORDER BY created_at LIMIT ${BATCH_ROWS})`,
        [before],
      );
      removed += rowCount;
      if (rowCount < BATCH_ROWS) break;
    }
    return removed === 0 ? undefined : `${removed} kept answers removed`;
  },
};
