import type { Knex } from '../db/database.js';

/** Long ids are cut: the digest keeps apart two that only differ at their end. */
const COPIED_ID_SQL = (column: string): string =>
  `left(${column}, 45) || CASE WHEN length(${column}) > 45 THEN '-' || left(md5(${column}), 8) ELSE '' END || '-' || ?`;

export interface CopyRequest {
  /** Timetable versions. */
  from: string;
  to: string;
  /** Of the version that they are copied to. */
  academicPeriodId: string;
}

/**
 * The slots of one timetable version, once more in another one; those that were copied there before stay as they are.
 * What they occupy is left to the caller.
 *
 * @returns the ids of the new slots
 */
export async function copySlots(trx: Knex, { from, to, academicPeriodId }: CopyRequest): Promise<string[]> {
  const suffix = to.slice(0, 8);
  const { rows } = await trx.raw<{ rows: { id: string }[] }>(
    `INSERT INTO attendance_timetable_slot (id, academic_period_id, section_id, course_code, faculty_code, room_id,
       day_of_week, day_order, start_time, end_time, slot_type, period_count, is_co_taught, timetable_version_id)
     SELECT ${COPIED_ID_SQL('id')}, ?, section_id, course_code, faculty_code, room_id, day_of_week,
       day_order, start_time, end_time, slot_type, period_count, is_co_taught, ?::uuid
     FROM attendance_timetable_slot WHERE timetable_version_id = ?::uuid AND is_active
     ON CONFLICT (id) DO NOTHING RETURNING id`,
    [suffix, academicPeriodId, to, from],
  );
  const ids = rows.map(({ id }) => id);
  for (const [table, column] of [
    ['timetable_slot_section', 'section_id'],
    ['timetable_slot_room', 'room_id'],
  ]) {
    await trx.raw(
      `INSERT INTO ${table} (slot_id, ${column})
       SELECT c.id, x.${column} FROM ${table} x JOIN attendance_timetable_slot t ON t.id = x.slot_id
         CROSS JOIN LATERAL (SELECT ${COPIED_ID_SQL('x.slot_id')} AS id) c
       WHERE t.timetable_version_id = ?::uuid AND c.id = ANY(?::text[])`,
      [suffix, from, ids as never],
    );
  }
  return ids;
}
