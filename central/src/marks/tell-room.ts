import { settingsOfClasses } from '../calendar/class-scope.js';
import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import type { IgnoreReason } from '../rules/reasons.js';
import type { Judged } from './judge-pairs.js';

interface Stray {
  session_id: string;
  student_id: string;
  /** Where the student was captured last, and when. */
  room_id: string;
  at: string;
  moved: boolean;
}

const ELSEWHERE: readonly IgnoreReason[] = ['WRONG_ROOM', 'ROOM_MOVED', 'REDIRECTED'];
const SETTLED: readonly string[] = ['present', 'late', 'excused', 'not_required'];

/**
 * Whoever is captured in another room while the own class goes on is told where that is: "your class is in R101", or where
 * it has moved to (domain cases 54, 57). Once for each place, and only while going there still helps; a capture that
 * belongs to another class of the student, such as the way out of the one before, says nothing, nor does one in the room
 * to which the class has moved since.
 */
export async function tellRooms(trx: Knex, judged: readonly Judged[], nowMs: number): Promise<void> {
  const strays = judged.flatMap((outcome) => strayOf(outcome, nowMs) ?? []);
  if (strays.length === 0) return;
  const settings = await settingsOfClasses(
    trx,
    [...new Set(strays.map(({ session_id }) => session_id))],
    nowMs,
  );
  const told = strays.filter(
    ({ session_id }) => settings.get(session_id)?.SEND_ATTENDANCE_NOTIFICATIONS === true,
  );
  if (told.length > 0) await prepared(trx, TELL_SQL, [JSON.stringify(told), new Date(nowMs)]);
}

function strayOf({ sessionId, studentId, pair, decision }: Judged, nowMs: number): Stray | undefined {
  const { session } = pair;
  if (session.status !== 'open' || nowMs > session.endMs || SETTLED.includes(decision.mark)) return undefined;
  const last = decision.derivation.ignored.findLast(({ why, room_id: room, at }) => {
    return ELSEWHERE.includes(why) && room !== null && at !== null;
  });
  if (last?.room_id == null || last.at === null) return undefined;
  return {
    session_id: sessionId,
    student_id: studentId,
    room_id: last.room_id,
    at: last.at,
    moved: last.why !== 'WRONG_ROOM',
  };
}

const TELL_SQL = `
  WITH stray AS (
    SELECT * FROM jsonb_to_recordset(?::jsonb) AS i (session_id uuid, student_id uuid, room_id text, at timestamptz,
      moved boolean)
  )
  INSERT INTO notification (account_id, kind, subject_id, body, created_at)
  SELECT a.id, 'class_elsewhere', i.session_id || '/' || class.ids, jsonb_build_object('session_id', i.session_id,
      'course', jsonb_build_object('code', s.course_code, 'title', c.title), 'start_at', s.start_at,
      'captured_at', i.at, 'captured_in', jsonb_build_object('id', room.id, 'name', room.name),
      'rooms', class.rooms, 'moved', i.moved), ?::timestamptz
  FROM stray i
    JOIN account a ON a.student_id = i.student_id
    JOIN attendance_session s ON s.id = i.session_id
    JOIN course c ON c.code = s.course_code
    JOIN room ON room.id = i.room_id
    CROSS JOIN LATERAL (
      SELECT string_agg(r.id, ',' ORDER BY r.id) AS ids,
        jsonb_agg(jsonb_build_object('id', r.id, 'name', r.name) ORDER BY r.id) AS rooms
      FROM session_room x JOIN room r ON r.id = x.room_id
      WHERE x.session_id = i.session_id AND upper_inf(x.valid_during)
      HAVING bool_and(r.id <> i.room_id)
    ) class
  WHERE NOT EXISTS (
    SELECT FROM session_room x JOIN attendance_session o ON o.id = x.session_id
      JOIN session_section g ON g.session_id = o.id
      JOIN roster_membership m ON m.section_id = g.section_id AND m.valid_during @> g.scheduled_date
    WHERE x.room_id = i.room_id AND o.id <> i.session_id AND m.student_id = i.student_id
      AND o.scheduled_date BETWEEN s.scheduled_date - 1 AND s.scheduled_date + 1
      AND i.at BETWEEN o.reach_from AND o.reach_until AND x.valid_during @> i.at
      AND o.status NOT IN ('cancelled', 'not_held'))
  ON CONFLICT DO NOTHING`;
