import type { RosterClass } from '@rollcall/protocol/roster';
import { dateAt } from '../calendar/campus-zone.js';
import { campusZone } from '../calendar/generate.js';
import type { Knex } from '../db/database.js';

/** Today and tomorrow: a gateway that is cut off in the evening knows the morning. */
const DAYS = 2;

const INSTANT = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;

/**
 * The class sessions in rooms with devices of one gateway, by start. A class that was moved is where it is now.
 * Sorted in every respect, so that equal content is equal bytes.
 */
export async function readClasses(trx: Knex, gatewayId: string, at: Date): Promise<RosterClass[]> {
  const zone = await campusZone(trx);
  if (zone === undefined) return [];
  const { rows } = await trx.raw<{ rows: RosterClass[] }>(
    `SELECT to_char((s.start_at - (s.policy->>'early_open_minutes')::int * interval '1 minute') AT TIME ZONE 'UTC', ${INSTANT}) AS "from",
       to_char(s.reach_until AT TIME ZONE 'UTC', ${INSTANT}) AS until, d.device_ids,
       (SELECT coalesce(jsonb_agg(DISTINCT st.roll_number ORDER BY st.roll_number), '[]')
        FROM session_section x
          JOIN roster_membership m ON m.section_id = x.section_id AND m.valid_during @> x.scheduled_date
          JOIN student st ON st.id = m.student_id
        WHERE x.session_id = s.id) AS student_refs
     FROM attendance_session s
       CROSS JOIN LATERAL (
         SELECT jsonb_agg(d.device_id ORDER BY d.device_id) AS device_ids
         FROM attendance_biometric_device d
         WHERE d.gateway_id = ? AND d.is_enabled AND d.device_type <> 'lights' AND d.room_id IN (
           SELECT sr.room_id FROM session_room sr
           WHERE sr.session_id = s.id AND upper_inf(sr.valid_during))
       ) d
     WHERE s.scheduled_date >= ?::date AND s.scheduled_date < ?::date + ${DAYS}
       AND s.status NOT IN ('cancelled', 'not_held') AND d.device_ids IS NOT NULL
     ORDER BY s.start_at, s.id`,
    [gatewayId, dateAt(at.getTime(), zone), dateAt(at.getTime(), zone)],
  );
  return rows.map(({ device_ids, from, until, student_refs }) => ({ device_ids, from, until, student_refs }));
}
