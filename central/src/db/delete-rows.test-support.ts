import type { Knex } from './database.js';

/**
 * For tests that begin anew many times: the handful of rows of one run is deleted in a moment, where TRUNCATE makes
 * the files of every partition and every index again. Evidence is immutable to triggers; these are off meanwhile, and
 * with them what cascades: every table is named.
 */
export async function deleteRows(knex: Knex, tables: readonly string[]): Promise<void> {
  await knex.transaction(async (trx) => {
    await trx.raw("SET LOCAL session_replication_role = 'replica'");
    await trx.raw(tables.map((table) => `DELETE FROM ${table}`).join('; '));
    // What is known of class sessions is forgotten as the triggers would say.
    await trx.raw('UPDATE facts_epoch SET token = gen_random_uuid()');
  });
}
