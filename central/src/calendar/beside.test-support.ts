import { expect, vi } from 'vitest';
import type { Knex } from '../db/database.js';
import type { Answer } from '../http/test-server.js';

/** Sends it while the other one has not committed, and lets that commit once this waits, or is done without waiting. */
export async function beside(
  knex: Knex,
  other: (trx: Knex) => Promise<void>,
  send: () => Promise<Answer>,
): Promise<Answer> {
  const trx = await knex.transaction();
  try {
    await other(trx);
    const sent = send();
    const isWaiting = vi.waitFor(async () => {
      const waiting = await knex('pg_stat_activity')
        .where({ wait_event_type: 'Lock' })
        .whereRaw('datname = current_database()');
      expect(waiting).toHaveLength(1);
    });
    await Promise.race([sent, isWaiting]);
    await trx.commit();
    return await sent;
  } finally {
    if (!trx.isCompleted()) await trx.rollback();
  }
}
