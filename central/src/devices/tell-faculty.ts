import type { Knex } from '../db/database.js';
import { ROOMS_SQL } from '../sessions/advance.js';
import { GATEWAY_SILENT_AFTER_MS } from './silence.js';

/** So long before a class its faculty member can still bring paper. */
const AHEAD_MINUTES = 60;

/** Revoked, or not heard: its readers will not work in class. One that never was there is no news. */
const IS_DOWN = `(g.revoked_at IS NOT NULL OR g.state = 'offline'
  OR (g.state = 'online' AND g.last_seen_at < ?::timestamptz - ? * interval '1 millisecond'))`;

/**
 * Tells the faculty of classes that begin within the hour, once each, that readers of their room are not
 * reachable (domain case 94): they take the roll by hand or by code.
 *
 * @returns how many were told
 */
export async function tellAffectedFaculty(trx: Knex, at: Date): Promise<number> {
  const { rows } = await trx.raw<{ rows: object[] }>(
    `INSERT INTO notification (account_id, kind, subject_id, body, created_at)
     SELECT a.id, 'readers_down', s.id::text, jsonb_build_object('session_id', s.id, 'room_id', s.room_id,
       'start_at', s.start_at, 'course_code', s.course_code, 'devices', down.devices), ?::timestamptz
     FROM attendance_session s
       CROSS JOIN LATERAL (
         SELECT jsonb_agg(d.gateway_id || '/' || d.device_id ORDER BY d.gateway_id, d.device_id) AS devices
         FROM attendance_biometric_device d JOIN gateway g ON g.id = d.gateway_id
         WHERE d.room_id IN (${ROOMS_SQL}) AND d.is_enabled AND d.device_type <> 'lights' AND ${IS_DOWN}
       ) down
       JOIN account a ON a.faculty_code = coalesce(s.substitute_code, s.faculty_code)
     WHERE s.status IN ('scheduled', 'open') AND down.devices IS NOT NULL AND s.end_at > ?::timestamptz
       AND s.start_at <= ?::timestamptz + ${AHEAD_MINUTES} * interval '1 minute'
     ON CONFLICT DO NOTHING RETURNING 1`,
    [at, at, GATEWAY_SILENT_AFTER_MS, at, at],
  );
  return rows.length;
}
