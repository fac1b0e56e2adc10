import { receivedMonth } from '../people/received-month.js';
import type { Job } from './job.js';

/** Months after the present one that are ready: central may stand still for a quarter without a gap. */
const MONTHS_AHEAD = 3;
const PARTITION_LOCK = 0x726f6c07;
/** Making a partition locks the table for a moment; whoever holds it longer is let go first. */
const LOCK_TIMEOUT = '5s';

/** Also moves what came meanwhile for a month that nobody had prepared. */
export const makePunchPartitionsJob: Job = {
  name: 'make-punch-partitions',
  title: 'Makes the partitions of punches for the coming months',
  everyMinutes: 60,
  async run({ db: { knex }, clock }) {
    const from = receivedMonth(new Date(clock.wallMs()));
    let made = 0;
    for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead += 1) {
      const isMade = await knex.transaction(async (trx) => {
        await trx.raw(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
        await trx.raw('SELECT pg_advisory_xact_lock(?)', [PARTITION_LOCK]);
        const { rows } = await trx.raw<{ rows: { made: boolean }[] }>(
          "SELECT make_punch_partition((?::date + ? * interval '1 month')::date) AS made",
          [from, ahead],
        );
        return rows[0]?.made === true;
      });
      if (isMade) made += 1;
    }
    return made === 0 ? undefined : `${made} partitions made`;
  },
};
