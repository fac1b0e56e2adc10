import type { Knex } from '../db/database.js';
import { ROOMS_SQL } from '../sessions/advance.js';
import type { Job } from './job.js';

const HOUR_MS = 3_600_000;

/** What ends the wait: each is one call about the class session. */
const CHOICES = JSON.stringify(['bulk-mark', 'not-held', 'finalize']);

/** The head of each department whose students or course it is. */
async function askHeads(knex: Knex, sessionIds: readonly string[], now: Date): Promise<void> {
  if (sessionIds.length === 0) return;
  await knex.raw(
    `INSERT INTO notification (account_id, kind, subject_id, body, created_at)
     SELECT DISTINCT r.account_id, 'watermark_overdue', s.id::text,
       jsonb_build_object('session_id', s.id, 'course_code', s.course_code, 'start_at', s.start_at,
         'choices', '${CHOICES}'::jsonb), ?::timestamptz
     FROM attendance_session s JOIN account_role r ON r.role = 'hod' AND ?::timestamptz >= r.valid_from
       AND ?::timestamptz < r.valid_to AND (
         EXISTS (SELECT FROM session_section x JOIN section g ON g.id = x.section_id
           WHERE x.session_id = s.id AND g.department_id = r.department_id)
         OR EXISTS (SELECT FROM course c WHERE c.code = s.course_code AND c.department_id = r.department_id))
     WHERE s.id = ANY(?::uuid[])
     ON CONFLICT DO NOTHING`,
    [now, now, now, sessionIds as never],
  );
}

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
    const { rows } = await knex.raw<{ rows: { session_id: string }[] }>(
      `INSERT INTO exception_item (at, code, message, session_id, detail)
       SELECT ?::timestamptz, 'WATERMARK_OVERDUE',
         'The class session is closed but some device of its room has not reported past its end: take the roll, declare it not held, or bring the device back',
         s.id, jsonb_build_object('choices', '${CHOICES}'::jsonb, 'room_id', s.room_id, 'silent_devices', coalesce((
           SELECT jsonb_agg(d.gateway_id || '/' || d.device_id ORDER BY d.gateway_id, d.device_id)
           FROM attendance_biometric_device d WHERE d.room_id IN (${ROOMS_SQL}) AND d.is_enabled
             AND d.device_type <> 'lights' AND coalesce(d.complete_through, '-infinity') <= s.reach_until), '[]'))
       FROM attendance_session s
       WHERE s.status = 'closed'
         AND s.reach_until + (s.policy->>'watermark_max_wait_hours')::int * ? * interval '1 millisecond' <= ?::timestamptz
       ON CONFLICT DO NOTHING RETURNING session_id`,
      [now, HOUR_MS, now],
    );
    await askHeads(
      knex,
      rows.map(({ session_id: id }) => id),
      now,
    );
    return rows.length === 0 ? undefined : `${rows.length} class sessions put before a human`;
  },
};
