import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import type { Judged } from './judge-pairs.js';

/** Writes the stays that captures were paired into, where exits are captured (domain D3), and takes back those that were. */
export async function saveStays(trx: Knex, judged: readonly Judged[]): Promise<void> {
  const measured = judged.filter(
    ({ decision, pair: { session, standing } }) =>
      session.tracksExits || decision.stays.length > 0 || standing.hasStays,
  );
  if (measured.length === 0) return;
  await prepared(
    trx,
    `DELETE FROM presence_interval USING unnest(?::uuid[], ?::uuid[]) AS pair (session_id, student_id)
     WHERE presence_interval.session_id = pair.session_id AND presence_interval.student_id = pair.student_id`,
    [measured.map(({ sessionId }) => sessionId), measured.map(({ studentId }) => studentId)] as never,
  );
  const stays = measured.flatMap(({ sessionId, studentId, decision, pair: { session } }) =>
    decision.stays
      .filter(({ enteredMs, leftMs }) => leftMs >= session.reachFromMs && enteredMs <= session.reachUntilMs)
      .map((stay) => ({
        session_id: sessionId,
        student_id: studentId,
        room_id: stay.roomId,
        entered_at: new Date(stay.enteredMs),
        left_at: new Date(stay.leftMs),
        is_exit_assumed: stay.isExitAssumed,
      })),
  );
  if (stays.length === 0) return;
  await prepared(
    trx,
    `INSERT INTO presence_interval (session_id, student_id, room_id, entered_at, left_at, is_exit_assumed)
     SELECT session_id, student_id, room_id, entered_at, left_at, is_exit_assumed FROM jsonb_to_recordset(?::jsonb)
       AS r (session_id uuid, student_id uuid, room_id text, entered_at timestamptz, left_at timestamptz, is_exit_assumed boolean)
     ON CONFLICT (session_id, student_id, entered_at) DO UPDATE SET left_at = greatest(presence_interval.left_at, excluded.left_at)`,
    [JSON.stringify(stays)],
  );
}
