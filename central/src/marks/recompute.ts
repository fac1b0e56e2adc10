import type { Knex } from '../db/database.js';
import { findByIndex } from '../db/prepared.js';
import { judgePairs } from './judge-pairs.js';
import type { Pair } from './pair.js';
import { PAIRS_OF_SESSIONS_SQL } from './queue.js';

/**
 * Judges everybody of one class session again from the evidence; touches that session only.
 *
 * @returns how many records changed: 0 says that every mark was what its evidence gives
 */
export async function recomputeSession(knex: Knex, sessionId: string, nowMs: number): Promise<number> {
  return knex.transaction(async (trx) => {
    await findByIndex(trx);
    return (await judgePairs(trx, await pairsOfSessions(trx, [sessionId]), nowMs)).length;
  });
}

/** Everybody who has or should have a mark in these class sessions. */
export async function pairsOfSessions(trx: Knex, sessionIds: readonly string[]): Promise<Pair[]> {
  const { rows } = await trx.raw<{ rows: { session_id: string; student_id: string }[] }>(
    PAIRS_OF_SESSIONS_SQL,
    [sessionIds as never],
  );
  return rows.map((row) => ({ sessionId: row.session_id, studentId: row.student_id }));
}
