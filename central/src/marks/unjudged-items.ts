import { isRollcallError } from '@rollcall/protocol/errors';
import { sqlState } from '../db/connection.js';
import type { Knex } from '../db/database.js';

/** Of `exception_item`: one that is open for each class session that cannot be judged. */
const CODE = 'CLASS_NOT_JUDGED';

/** Puts a class that cannot be judged before a person. The log says more: texts of errors are not for everybody who sees the class. */
export async function tellUnjudged(knex: Knex, sessionId: string, error: unknown, now: Date): Promise<void> {
  await knex.raw(
    `INSERT INTO exception_item (at, code, message, session_id, detail)
     SELECT ?::timestamptz, '${CODE}',
       'This class session cannot be judged: its marks stay as they are. Have it repaired by whoever runs central, whose log tells the error with the id of the class; it is judged by itself at most an hour later',
       ?::uuid, jsonb_build_object('error', ?::text)
     ON CONFLICT DO NOTHING`,
    [now, sessionId, codeOf(error)],
  );
}

/** Closes the item about a class that was judged. */
export async function settleUnjudged(knex: Knex, sessionId: string, now: Date): Promise<void> {
  await knex.raw(
    `UPDATE exception_item SET resolved_at = ?::timestamptz
     WHERE code = '${CODE}' AND session_id = ?::uuid AND resolved_at IS NULL`,
    [now, sessionId],
  );
}

/** @returns the classes with an open item */
export async function listUnjudged(knex: Knex, limit: number): Promise<string[]> {
  const { rows } = await knex.raw<{ rows: { session_id: string }[] }>(
    `SELECT session_id FROM exception_item
     WHERE code = '${CODE}' AND session_id IS NOT NULL AND resolved_at IS NULL ORDER BY session_id LIMIT ?`,
    [limit],
  );
  return rows.map(({ session_id: sessionId }) => sessionId);
}

function codeOf(error: unknown): string {
  if (isRollcallError(error)) return error.code;
  return sqlState(error) ?? (error instanceof Error ? error.name : 'unknown');
}
