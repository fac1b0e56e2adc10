import { RollcallError } from '@rollcall/protocol/errors';
import { sqlState } from '../db/connection.js';
import type { Knex } from '../db/database.js';

/** Day orders stand beside weekdays in one column of the occupancy. */
const DAY_ORDER_BASE = 100;

const EXCLUSION_VIOLATION = '23P01';

export interface SlotClash {
  slot_id: string;
  kind: 'faculty' | 'room' | 'group';
  resource_id: string;
  other_id: string;
  other: string;
}

/**
 * Writes what a slot needs every week; a section stands for each of its batches too. Over midnight a slot needs
 * the rest of its own day only: the first minutes of the next are left to the sessions themselves. A slot without a
 * day order goes by its weekday in a version by day orders, too, as the planner has it.
 */
const NEEDED_SQL = `
  WITH slot AS (
    SELECT t.*, v.valid_during, v.uses_day_order,
      coalesce(CASE WHEN v.uses_day_order THEN ${DAY_ORDER_BASE} + t.day_order END, t.day_of_week) AS day,
      int4range((extract(epoch FROM t.start_time) / 60)::int,
        CASE WHEN t.end_time > t.start_time THEN (extract(epoch FROM t.end_time) / 60)::int ELSE 1440 END) AS minutes
    FROM attendance_timetable_slot t JOIN timetable_version v ON v.id = t.timetable_version_id
    WHERE t.id = ANY(?::text[]) AND t.is_active
  ), slot_section AS (
    SELECT id, section_id FROM slot
    UNION SELECT s.id, x.section_id FROM slot s JOIN timetable_slot_section x ON x.slot_id = s.id
  ), needed AS (
    SELECT id, 'faculty' AS kind, faculty_code AS resource_id, NOT is_co_taught AS is_enforced FROM slot
    UNION SELECT id, 'room', room_id, true FROM slot
    UNION SELECT x.slot_id, 'room', x.room_id, true FROM slot s JOIN timetable_slot_room x ON x.slot_id = s.id
    UNION SELECT id, 'group', section_id, true FROM slot_section
    UNION SELECT x.id, 'group', g.id, true FROM slot_section x JOIN section g ON g.parent_id = x.section_id
  )`;

/** In words, of the slot `t` that has what is needed. */
const OTHER_SQL = `concat(c.title, ' (', c.code, '), ', g.name, ', ', r.name, ', ', to_char(t.start_time, 'HH24:MI'), '–',
    to_char(t.end_time, 'HH24:MI'), ', ', f.full_name) AS other`;

const OTHER_FROM_SQL = `
  JOIN slot_occupancy o ON o.kind = n.kind AND o.resource_id = n.resource_id AND o.day = s.day
    AND o.minutes && s.minutes AND o.valid_during && s.valid_during AND o.is_enforced AND o.slot_id <> n.id
  JOIN attendance_timetable_slot t ON t.id = o.slot_id
  JOIN course c ON c.code = t.course_code JOIN section g ON g.id = t.section_id JOIN room r ON r.id = t.room_id
  JOIN faculty f ON f.code = t.faculty_code`;

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
  await insertOccupancy(trx, slotId, taken);
  if (clashes.length === 0) return;
  await trx('exception_item').insert({
    at: new Date(nowMs),
    code: 'CLASH',
    message: `The timetable slot ${slotId} was allowed to clash with ${clashes.map(({ other }) => other).join('; ')}`,
    detail: JSON.stringify({ slot_id: slotId, clashes }),
  });
}

/** @throws RollcallError `CLASH` where somebody else's slot took it since the look for clashes */
async function insertOccupancy(trx: Knex, slotId: string, taken: readonly string[]): Promise<void> {
  const inserting = trx.raw(
    `${NEEDED_SQL}
     INSERT INTO slot_occupancy (slot_id, academic_period_id, kind, resource_id, day, minutes, valid_during, is_enforced)
     SELECT n.id, s.academic_period_id, n.kind, n.resource_id, s.day, s.minutes, s.valid_during,
       n.is_enforced AND n.kind || ' ' || n.resource_id <> ALL(?::text[])
     FROM needed n JOIN slot s ON s.id = n.id`,
    [[slotId] as never, taken as never],
  );
  await inserting.catch((error: unknown) => {
    if (sqlState(error) !== EXCLUSION_VIOLATION) throw error;
    throw new RollcallError(
      'CLASH',
      'Somebody has just made another slot for this room, faculty member or group at this time; look at the timetable again',
      { cause: error },
    );
  });
}

/**
 * As `occupySlot`, for all slots of a campus file: three statements, however many slots. What another slot has
 * already is left out, and named in the answer (domain cases 65, 66).
 */
export async function occupySlots(trx: Knex, slotIds: readonly string[]): Promise<SlotClash[]> {
  await trx('slot_occupancy').whereIn('slot_id', slotIds).delete();
  await trx.raw(
    `${NEEDED_SQL}
     INSERT INTO slot_occupancy (slot_id, academic_period_id, kind, resource_id, day, minutes, valid_during, is_enforced)
     SELECT n.id, s.academic_period_id, n.kind, n.resource_id, s.day, s.minutes, s.valid_during, n.is_enforced
     FROM needed n JOIN slot s ON s.id = n.id ORDER BY n.id ON CONFLICT DO NOTHING`,
    [slotIds as never],
  );
  const { rows } = await trx.raw<{ rows: SlotClash[] }>(
    `${NEEDED_SQL}
     SELECT n.id AS slot_id, n.kind, n.resource_id, o.slot_id AS other_id, ${OTHER_SQL}
     FROM needed n JOIN slot s ON s.id = n.id
       LEFT JOIN slot_occupancy own ON own.slot_id = n.id AND own.kind = n.kind AND own.resource_id = n.resource_id
       ${OTHER_FROM_SQL}
     WHERE n.is_enforced AND own.slot_id IS NULL ORDER BY n.id, n.kind, o.slot_id`,
    [slotIds as never],
  );
  return rows;
}

async function findClashes(trx: Knex, slotId: string): Promise<SlotClash[]> {
  const { rows } = await trx.raw<{ rows: SlotClash[] }>(
    `${NEEDED_SQL}
     SELECT n.id AS slot_id, n.kind, n.resource_id, o.slot_id AS other_id, ${OTHER_SQL}
     FROM needed n JOIN slot s ON s.id = n.id ${OTHER_FROM_SQL}
     WHERE n.is_enforced ORDER BY n.kind, o.slot_id`,
    [[slotId] as never],
  );
  return rows;
}
