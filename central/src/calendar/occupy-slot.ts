import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';

/** Day orders stand beside weekdays in one column of the occupancy. */
const DAY_ORDER_BASE = 100;

interface SlotClash {
  kind: 'faculty' | 'room' | 'group';
  resource_id: string;
  other_id: string;
  other: string;
}

/**
 * Writes what a slot needs every week; a section stands for each of its batches too. Over midnight a slot needs
 * the rest of its own day only: the first minutes of the next are left to the sessions themselves.
 */
const NEEDED_SQL = `
  WITH slot AS (
    SELECT t.*, v.valid_during, v.uses_day_order,
      CASE WHEN v.uses_day_order THEN ${DAY_ORDER_BASE} + t.day_order ELSE t.day_of_week END AS day,
      int4range((extract(epoch FROM t.start_time) / 60)::int,
        CASE WHEN t.end_time > t.start_time THEN (extract(epoch FROM t.end_time) / 60)::int ELSE 1440 END) AS minutes
    FROM attendance_timetable_slot t JOIN timetable_version v ON v.id = t.timetable_version_id
    WHERE t.id = ? AND t.is_active
  ), needed AS (
    SELECT id, 'faculty' AS kind, faculty_code AS resource_id, NOT is_co_taught AS is_enforced FROM slot
    UNION SELECT id, 'room', room_id, true FROM slot
    UNION SELECT slot_id, 'room', room_id, true FROM timetable_slot_room WHERE slot_id = ?
    UNION SELECT s.id, 'group', g.id, true FROM slot s JOIN section g ON g.id = s.section_id OR g.parent_id = s.section_id
      OR g.id IN (SELECT section_id FROM timetable_slot_section WHERE slot_id = s.id)
      OR g.parent_id IN (SELECT section_id FROM timetable_slot_section WHERE slot_id = s.id)
  )`;

/** @throws RollcallError `CLASH` naming the other slot, unless clashes are allowed: then a person is told */
export async function occupySlot(
  trx: Knex,
  slotId: string,
  { allowClash, nowMs }: { allowClash: boolean; nowMs: number },
): Promise<void> {
  await trx('slot_occupancy').where({ slot_id: slotId }).delete();
  const clashes = await findClashes(trx, slotId);
  const [first] = clashes;
  if (first !== undefined && !allowClash) {
    throw new RollcallError(
      'CLASH',
      `The ${first.kind} ${first.resource_id} has another slot then: ${first.other}. Choose another time, mark it as co-taught, or allow the clash`,
      { context: { clashes } },
    );
  }
  const taken = clashes.map(({ kind, resource_id }) => `${kind} ${resource_id}`);
  await trx.raw(
    `${NEEDED_SQL}
     INSERT INTO slot_occupancy (slot_id, academic_period_id, kind, resource_id, day, minutes, valid_during, is_enforced)
     SELECT n.id, s.academic_period_id, n.kind, n.resource_id, s.day, s.minutes, s.valid_during,
       n.is_enforced AND n.kind || ' ' || n.resource_id <> ALL(?::text[])
     FROM needed n JOIN slot s ON s.id = n.id`,
    [slotId, slotId, taken as never],
  );
  if (clashes.length === 0) return;
  await trx('exception_item').insert({
    at: new Date(nowMs),
    code: 'CLASH',
    message: `The timetable slot ${slotId} was allowed to clash with ${clashes.map(({ other }) => other).join('; ')}`,
    detail: JSON.stringify({ slot_id: slotId, clashes }),
  });
}

async function findClashes(trx: Knex, slotId: string): Promise<SlotClash[]> {
  const { rows } = await trx.raw<{ rows: SlotClash[] }>(
    `${NEEDED_SQL}
     SELECT n.kind, n.resource_id, o.slot_id AS other_id,
       concat(c.title, ' (', c.code, '), ', g.name, ', ', r.name, ', ', to_char(t.start_time, 'HH24:MI'), '–',
         to_char(t.end_time, 'HH24:MI'), ', ', f.full_name) AS other
     FROM needed n JOIN slot s ON s.id = n.id
       JOIN slot_occupancy o ON o.kind = n.kind AND o.resource_id = n.resource_id AND o.day = s.day
         AND o.minutes && s.minutes AND o.valid_during && s.valid_during AND o.is_enforced AND o.slot_id <> n.id
       JOIN attendance_timetable_slot t ON t.id = o.slot_id
       JOIN course c ON c.code = t.course_code JOIN section g ON g.id = t.section_id JOIN room r ON r.id = t.room_id
       JOIN faculty f ON f.code = t.faculty_code
     WHERE n.is_enforced ORDER BY n.kind, o.slot_id`,
    [slotId, slotId],
  );
  return rows;
}
