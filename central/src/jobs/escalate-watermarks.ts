import { ROOMS_SQL } from '../sessions/advance.js';
import type { Job } from './job.js';

const HOUR_MS = 3_600_000;

/**
 * A session that waited WATERMARK_MAX_WAIT_HOURS for devices that stay silent is put before a human (domain
 * case 84); it keeps waiting all the same. The item resolves itself when the devices come back.
 */
export const escalateWatermarksJob: Job = {
  name: 'escalate-watermarks',
  title: 'Tells a human about class sessions that wait too long for a silent device',
  everyMinutes: 30,
  async run({ db: { knex }, clock }) {
    const now = new Date(clock.wallMs());
    await knex.raw(
      `UPDATE exception_item e SET resolved_at = ?::timestamptz FROM attendance_session s
       WHERE e.code = 'WATERMARK_OVERDUE' AND e.resolved_at IS NULL AND s.id = e.session_id AND s.status <> 'closed'`,
      [now],
    );
    const { rows } = await knex.raw<{ rows: unknown[] }>(
      `INSERT INTO exception_item (at, code, message, session_id, detail)
       SELECT ?::timestamptz, 'WATERMARK_OVERDUE',
         'The class session is closed but some device of its room has not reported past its end: take the roll, declare it not held, or bring the device back',
         s.id, jsonb_build_object('room_id', s.room_id, 'silent_devices', coalesce((
           SELECT jsonb_agg(d.gateway_id || '/' || d.device_id ORDER BY d.gateway_id, d.device_id)
           FROM attendance_biometric_device d WHERE d.room_id IN (${ROOMS_SQL}) AND d.is_enabled
             AND d.device_type <> 'lights' AND coalesce(d.complete_through, '-infinity') <= s.reach_until), '[]'))
       FROM attendance_session s
       WHERE s.status = 'closed'
         AND s.reach_until + (s.policy->>'watermark_max_wait_hours')::int * ? * interval '1 millisecond' <= ?::timestamptz
       ON CONFLICT DO NOTHING RETURNING id`,
      [now, HOUR_MS, now],
    );
    return rows.length === 0 ? undefined : `${rows.length} class sessions put before a human`;
  },
};
