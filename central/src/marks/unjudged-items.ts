import { isRollcallError } from '@rollcall/protocol/errors';
import { sqlState } from '../db/connection.js';
import type { Knex } from '../db/database.js';

/** Of `exception_item`: one that is open for each class session that cannot be judged. */
const CODE = 'CLASS_NOT_JUDGED';

/**
 * What somebody acknowledged is left to them for so long: a working day and the night after it, in which nothing is repaired. The marks of the
 * class are kept back all that time, so that it must not be forgotten for longer.
 */
const ACKNOWLEDGED_MS = 86_400_000;

const TELL_SQL = `INSERT INTO exception_item (at, code, message, session_id, detail)
   SELECT ?::timestamptz, '${CODE}',
     'This class session cannot be judged: its marks stay as they are. Have it repaired by whoever runs central, whose log tells the error with the id of the class; it is judged by itself at most an hour later',
     ?::uuid, jsonb_build_object('error', ?::text)`;

/** Puts a class that cannot be judged before a person. The log says more: texts of errors are not for everybody who sees the class. */
export async function tellUnjudged(knex: Knex, sessionId: string, error: unknown, now: Date): Promise<void> {
  await knex.raw(`${TELL_SQL} ON CONFLICT DO NOTHING`, [now, sessionId, codeOf(error)]);
}

/**
 * As {@link tellUnjudged}, of a class that fails still: not while the item is open, nor for a day after somebody acknowledged it.
 *
 * @returns whether a person is told again
 */
export async function tellUnjudgedAgain(
  knex: Knex,
  sessionId: string,
  error: unknown,
  now: Date,
): Promise<boolean> {
  const { rowCount } = await knex.raw<{ rowCount: number }>(
    `${TELL_SQL} WHERE NOT EXISTS (
       SELECT FROM exception_item WHERE code = '${CODE}' AND session_id = ?::uuid
         AND (resolved_at IS NULL OR resolved_by IS NOT NULL AND resolved_at > ?::timestamptz))
     ON CONFLICT DO NOTHING`,
    [now, sessionId, codeOf(error), sessionId, new Date(now.getTime() - ACKNOWLEDGED_MS)],
  );
  return rowCount > 0;
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
