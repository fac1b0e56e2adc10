import type { Knex } from '../../db/database.js';
import { prepared } from '../../db/prepared.js';
import type { SessionStatus } from '../../rules/facts.js';
import { ROOMS_SQL } from '../../sessions/advance.js';
import { toInstant } from '../contracts/fields.js';
import type { SessionItem } from '../contracts/sessions.js';

/** What a closed session `s` waits for: the gateways of enabled devices that capture (domain case 85). */
export const WAITING_FOR_COLUMN = `CASE WHEN s.status = 'closed' THEN ARRAY(
    SELECT DISTINCT d.gateway_id FROM attendance_biometric_device d
    WHERE d.room_id IN (${ROOMS_SQL}) AND d.is_enabled AND d.device_type <> 'lights'
      AND coalesce(d.complete_through, '-infinity') <= s.reach_until ORDER BY 1) ELSE '{}' END AS waiting_for`;

export const SESSION_COLUMNS = `
  s.id, s.course_code, course.title AS course_title, s.section_id, section.name AS section_name, s.faculty_code,
  faculty.full_name AS faculty_name, s.room_id, room.name AS room_name, building.id AS building_id,
  building.name AS building_name, s.session_type, s.period_count, s.origin, s.makeup, s.counts_in_denominator,
  s.status_reason, s.substitute_code, substitute.full_name AS substitute_name, s.replaces_session_id,
  ARRAY(SELECT x.section_id FROM session_section x WHERE x.session_id = s.id ORDER BY 1) AS group_ids,
  ARRAY(SELECT x.room_id FROM session_room x WHERE x.session_id = s.id AND upper_inf(x.valid_during) ORDER BY 1) AS room_ids,
  s.scheduled_date, s.start_at, s.start_at::text AS start_text, s.end_at, s.status, s.version,
  coalesce(t.present, 0) AS present, coalesce(t.late, 0) AS late, coalesce(t.absent, 0) AS absent,
  coalesce(t.excused, 0) AS excused, coalesce(t.pending, 0) AS pending,
  ${WAITING_FOR_COLUMN}`;

export const SESSION_JOINS = `
  attendance_session s
  JOIN course ON course.code = s.course_code
  JOIN section ON section.id = s.section_id
  JOIN faculty ON faculty.code = s.faculty_code
  LEFT JOIN faculty substitute ON substitute.code = s.substitute_code
  JOIN room ON room.id = s.room_id
  JOIN building ON building.id = room.building_id
  LEFT JOIN session_tally t ON t.session_id = s.id`;

export interface SessionRow {
  id: string;
  course_code: string;
  course_title: string;
  section_id: string;
  section_name: string;
  faculty_code: string;
  faculty_name: string;
  room_id: string;
  room_name: string;
  building_id: string;
  building_name: string;
  session_type: SessionItem['session_type'];
  period_count: number;
  origin: SessionItem['origin'];
  makeup: boolean;
  counts_in_denominator: boolean;
  status_reason: string;
  substitute_code: string | null;
  substitute_name: string | null;
  replaces_session_id: string | null;
  group_ids: string[];
  room_ids: string[];
  scheduled_date: string;
  start_at: Date;
  start_text: string;
  end_at: Date;
  status: SessionStatus;
  version: number;
  present: number;
  late: number;
  absent: number;
  excused: number;
  pending: number;
  waiting_for: string[];
}

export function toSessionItem(row: SessionRow): SessionItem {
  return {
    id: row.id,
    course: { code: row.course_code, title: row.course_title },
    section: { id: row.section_id, name: row.section_name },
    faculty: { code: row.faculty_code, name: row.faculty_name },
    room: { id: row.room_id, name: row.room_name },
    building: { id: row.building_id, name: row.building_name },
    session_type: row.session_type,
    period_count: row.period_count,
    origin: row.origin,
    makeup: row.makeup,
    counts_in_denominator: row.counts_in_denominator,
    status_reason: row.status_reason,
    substitute:
      row.substitute_code === null ? null : { code: row.substitute_code, name: row.substitute_name ?? '' },
    replaces_session_id: row.replaces_session_id,
    groups: row.group_ids,
    rooms: row.room_ids,
    scheduled_date: row.scheduled_date,
    start_at: toInstant(row.start_at),
    end_at: toInstant(row.end_at),
    status: row.status,
    counts: {
      present: row.present,
      late: row.late,
      absent: row.absent,
      excused: row.excused,
      pending: row.pending,
    },
    waiting_for: row.waiting_for,
    version: row.version,
  };
}

export async function loadSessionItems(knex: Knex, ids: readonly string[]): Promise<SessionItem[]> {
  const { rows } = await prepared<{ rows: SessionRow[] }>(
    knex,
    `SELECT ${SESSION_COLUMNS} FROM ${SESSION_JOINS} WHERE s.id = ANY(?::uuid[]) ORDER BY s.start_at, s.id`,
    [ids],
  );
  return rows.map(toSessionItem);
}

/** Undefined where there is none. Its statement is of its own: one for any number of ids is planned for many. */
export async function loadSessionItem(knex: Knex, id: string): Promise<SessionItem | undefined> {
  const { rows } = await prepared<{ rows: SessionRow[] }>(
    knex,
    `SELECT ${SESSION_COLUMNS} FROM ${SESSION_JOINS} WHERE s.id = ?::uuid`,
    [id],
  );
  return rows.map(toSessionItem)[0];
}
