import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import type { LoadedSession } from './load-sessions.js';
import { type Pair, pairKey } from './pair.js';

/**
 * Of a visit `v`, by `session_id`, `student_id` and `counts_for`: the record of the locked class that counts it. It changes no
 * more, so the visit stays counted there; another visit of the same student does not. A record from before
 * derivations named the visit may be of either.
 */
export const LOCKED_VISIT_SQL = `attendance_session o JOIN attendance_record r ON r.session_id = o.id
    WHERE o.status = 'locked' AND r.reason = 'GUEST' AND o.id = v.counts_for AND r.student_id = v.student_id
      AND coalesce((r.derivation->>'visited_session_id')::uuid, v.session_id) = v.session_id`;

/**
 * Students who were guests of these classes, by the pair of the visited class, where the class that it counted for is
 * locked with it (domain cases 18, 60). Of classes without guests nothing is read.
 */
export async function loadCountedElsewhere(
  trx: Knex,
  sessions: ReadonlyMap<string, LoadedSession>,
  pairs: readonly Pair[],
): Promise<ReadonlySet<string>> {
  const visits = pairs.flatMap(({ sessionId, studentId }) => {
    const guest = sessions.get(sessionId)?.letIn.find(({ student_id: id }) => id === studentId);
    return guest === undefined ? [] : [{ sessionId, studentId, countsFor: guest.session_id }];
  });
  if (visits.length === 0) return new Set();
  const { rows } = await prepared<{ rows: { session_id: string; student_id: string }[] }>(
    trx,
    `SELECT v.session_id, v.student_id FROM unnest(?::uuid[], ?::uuid[], ?::uuid[]) AS v (session_id, student_id, counts_for)
     WHERE EXISTS (SELECT FROM ${LOCKED_VISIT_SQL})`,
    [
      visits.map(({ sessionId }) => sessionId),
      visits.map(({ studentId }) => studentId),
      visits.map(({ countsFor }) => countsFor),
    ] as never,
  );
  return new Set(rows.map((row) => pairKey({ sessionId: row.session_id, studentId: row.student_id })));
}
