import type { Knex } from '../db/database.js';
import { isThere, prepared } from '../db/prepared.js';
import { ofStudent } from '../people/of-student.js';
import type { Mark, SessionStatus } from '../rules/facts.js';

/** Everything about one student, one phone and one class session that a scan is judged by. */
export interface Standing {
  status: SessionStatus;
  end_at: Date;
  /** Campus-local time at which captures begin to count, as in "09:50", where that is still to come. */
  opens_local: string | null;
  course_code: string;
  course_title: string;
  room_id: string;
  room_name: string;
  latitude: number | null;
  longitude: number | null;
  geofence_radius_m: number | null;
  outline: [number, number][] | null;
  is_on_roster: boolean;
  /** When the scan of the student that counts here was taken; a refused one does not. */
  scanned_at: Date | null;
  mark: Mark | null;
  is_bound_here: boolean;
  is_bound_elsewhere: boolean;
  device_owner_is_other: boolean;
  device_used_here: boolean;
  is_shared_allowed: boolean;
}

export interface StandingKey {
  sessionId: string;
  studentId: string;
  /** Hex. */
  deviceHash: string;
}

/** One statement for any number of scans; each look-up in it is by a key. */
export async function loadStandings(
  trx: Knex,
  scans: readonly StandingKey[],
): Promise<(Standing | undefined)[]> {
  const { rows } = await prepared<{ rows: (Standing & { n: number })[] }>(trx, STANDING_SQL, [
    scans.map(({ sessionId }) => sessionId) as never,
    scans.map(({ studentId }) => studentId) as never,
    scans.map(({ deviceHash }) => deviceHash) as never,
  ]);
  const standings: (Standing | undefined)[] = scans.map(() => undefined);
  for (const row of rows) standings[row.n - 1] = row;
  return standings;
}

const STANDING_SQL = `
  SELECT i.n::int AS n, s.status, s.end_at, s.course_code, c.title AS course_title, s.room_id, r.name AS room_name,
    CASE s.status WHEN 'scheduled' THEN
      to_char((s.start_at - (s.policy->>'early_open_minutes')::int * interval '1 minute')
        AT TIME ZONE (SELECT zone FROM campus ORDER BY id LIMIT 1), 'HH24:MI')
    END AS opens_local,
    r.latitude, r.longitude, r.geofence_radius_m, b.outline->'coordinates'->0 AS outline,
    ${isThere(`roster_membership m JOIN session_section x ON x.section_id = m.section_id
      WHERE ${ofStudent('i.student_id', 'm')} AND x.session_id = i.session_id
        AND m.valid_during @> s.scheduled_date`)} AS is_on_roster,
    (SELECT scanned_at FROM qr_scan q WHERE q.student_id = i.student_id AND q.session_id = i.session_id
      AND q.outcome <> 'refused') AS scanned_at,
    (SELECT mark FROM attendance_record a WHERE a.session_id = i.session_id AND a.student_id = i.student_id) AS mark,
    coalesce(own.device_hash = i.device_hash, false) AS is_bound_here,
    coalesce(own.device_hash <> i.device_hash, false) AS is_bound_elsewhere,
    ${isThere(`device_binding o WHERE o.device_hash = i.device_hash AND o.ended_at IS NULL
      AND o.student_id <> i.student_id`)} AS device_owner_is_other,
    ${isThere(`qr_scan q WHERE q.session_id = i.session_id AND q.device_hash = i.device_hash
      AND q.outcome <> 'refused' AND q.student_id <> i.student_id`)} AS device_used_here,
    ${isThere('shared_device_exception e WHERE e.session_id = i.session_id AND e.student_id = i.student_id')}
      AS is_shared_allowed
  FROM (
      SELECT n, session_id, student_id, decode(device, 'hex') AS device_hash
      FROM unnest(?::uuid[], ?::uuid[], ?::text[]) WITH ORDINALITY AS u (session_id, student_id, device, n)
    ) i
    JOIN attendance_session s ON s.id = i.session_id
    JOIN course c ON c.code = s.course_code
    JOIN room r ON r.id = s.room_id
    JOIN building b ON b.id = r.building_id
    LEFT JOIN LATERAL (
      -- By its key: while nobody has a phone yet, a plan that reads all of them looks as good, and stays.
      SELECT device_hash FROM device_binding WHERE student_id = i.student_id AND ended_at IS NULL OFFSET 0
    ) own ON true`;
