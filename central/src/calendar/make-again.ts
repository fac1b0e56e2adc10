import type { Knex } from '../db/database.js';
import { madeGoodAmong } from '../sessions/replaced-class.js';
import type { Actor } from '../sessions/transition.js';
import { transitionAll } from './take-classes.js';

/** Word of a class whose generation was undone: as if it had never been made, it waits to be made again. */
export const GENERATION_UNDONE = 'GENERATION_UNDONE';

/** A planned class as the statements of generation read it from JSON. */
export const PLANNED_SQL = `SELECT * FROM jsonb_to_recordset(?::jsonb)
  AS p (slot_id text, date date, start_at timestamptz, end_at timestamptz, reach_from timestamptz, reach_until timestamptz,
    policy jsonb, follows smallint, reason text, holiday uuid)`;

/** What the timetable says of the class by now, which may be something else than when it was undone. */
const REMAKE_SQL = `
  WITH planned AS (${PLANNED_SQL})
  UPDATE attendance_session s SET academic_period_id = t.academic_period_id, section_id = t.section_id,
    course_code = t.course_code, faculty_code = t.faculty_code, room_id = t.room_id, start_at = p.start_at,
    end_at = p.end_at, reach_from = p.reach_from, reach_until = p.reach_until, policy = p.policy,
    session_type = t.slot_type, period_count = t.period_count, is_co_taught = t.is_co_taught,
    timetable_version_id = t.timetable_version_id, follows_weekday = p.follows, status_reason = coalesce(p.reason, ''),
    batch_job_id = ?::uuid
  FROM planned p JOIN attendance_timetable_slot t ON t.id = p.slot_id
  WHERE s.id = ANY(?::uuid[]) AND s.timetable_slot_id = p.slot_id AND s.scheduled_date = p.date`;

export interface MakeAgain {
  /** The planned classes, as `PLANNED_SQL` reads them. */
  planned: string;
  ids: readonly string[];
  batchJobId: string | null;
  nowMs: number;
  actor: Actor;
}

/**
 * The planned classes that exist only as undone ones, which nobody touched since; held by the transaction. One that a
 * makeup has made good meanwhile stays undone: it would count twice (domain case 69).
 */
export async function undoneClasses(trx: Knex, planned: string): Promise<string[]> {
  const { rows } = await trx.raw<{ rows: { id: string }[] }>(
    `WITH planned AS (${PLANNED_SQL})
     SELECT s.id FROM planned p
       JOIN attendance_session s ON s.timetable_slot_id = p.slot_id AND s.scheduled_date = p.date
     WHERE s.status = 'cancelled' AND s.status_reason = '${GENERATION_UNDONE}' AND NOT s.is_hand_changed
     ORDER BY s.start_at, s.id FOR NO KEY UPDATE OF s`,
    [planned],
  );
  const ids = rows.map(({ id }) => id);
  // Asked when they are held: a makeup that came while this waited for its class is seen.
  const madeGood = await madeGoodAmong(trx, ids);
  return ids.filter((id) => !madeGood.has(id));
}

/** Undone classes come back with the ids that they had, as the timetable has them now (domain cases 2, 76). */
export async function makeAgain(trx: Knex, request: MakeAgain): Promise<void> {
  const { planned, ids, batchJobId, nowMs, actor } = request;
  await transitionAll(trx, 'restore', ids, { nowMs, actor, reason: 'generated again after it was undone' });
  await trx.raw(REMAKE_SQL, [planned, batchJobId, ids as never]);
  for (const table of ['session_section', 'session_room']) {
    await trx(table)
      .whereIn('session_id', [...ids])
      .delete();
  }
  await trx.raw(
    `WITH made AS (SELECT * FROM attendance_session WHERE id = ANY(?::uuid[])), sections AS (
       INSERT INTO session_section (session_id, section_id, scheduled_date, reach_from, reach_until)
       SELECT id, section_id, scheduled_date, reach_from, reach_until FROM made
     )
     INSERT INTO session_room (session_id, room_id) SELECT id, room_id FROM made`,
    [ids as never],
  );
}
