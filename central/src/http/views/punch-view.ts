import type { PunchKind } from '@rollcall/protocol/punch';
import type { Knex } from '../../db/database.js';
import type { Mark } from '../../rules/facts.js';
import { toInstant, toInstantOrNull } from '../contracts/fields.js';
import type { PunchItem } from '../contracts/punches.js';

export const PUNCH_COLUMNS = `
  p.punch_id, p.occurred_at, p.effective_at, p.received_at, p.received_at::text AS received_text, p.gateway_id,
  p.device_id, coalesce(d.device_name, p.device_id) AS device_name, p.room_id, room.name AS room_name, building.name AS building_name, p.kind, p.outcome,
  st.roll_number, st.full_name, concerned.session_id, concerned.mark`;

/**
 * Of two sessions that a capture lies in (the end of one, the early window of the next) the one whose mark it
 * made is shown, else the later one (domain case 49).
 */
export const PUNCH_JOINS = `
  punch p
  LEFT JOIN attendance_biometric_device d ON d.gateway_id = p.gateway_id AND d.device_id = p.device_id
  LEFT JOIN room ON room.id = p.room_id
  LEFT JOIN building ON building.id = room.building_id
  LEFT JOIN student st ON st.id = p.student_id
  LEFT JOIN LATERAL (
    SELECT s.id AS session_id, r.mark
    FROM roster_membership m
      JOIN session_section g ON g.section_id = m.section_id AND m.valid_during @> g.scheduled_date
      JOIN attendance_session s ON s.id = g.session_id
      LEFT JOIN attendance_record r ON r.session_id = s.id AND r.student_id = m.student_id
    WHERE m.student_id = p.student_id
      AND EXISTS (SELECT FROM session_room sr WHERE sr.session_id = s.id AND sr.room_id = p.room_id
        AND sr.valid_during @> p.effective_at)
      AND g.reach_from BETWEEN p.effective_at - interval '1 day' AND p.effective_at
      AND s.start_at - (s.policy->>'early_open_minutes')::int * interval '1 minute' <= p.effective_at
      AND s.reach_until >= p.effective_at
    ORDER BY coalesce(r.marked_at = p.effective_at, false) DESC, s.start_at DESC LIMIT 1
  ) concerned ON p.student_id IS NOT NULL`;

export interface PunchRow {
  punch_id: string;
  occurred_at: Date;
  effective_at: Date | null;
  received_at: Date;
  received_text: string;
  gateway_id: string;
  device_id: string;
  device_name: string;
  room_id: string | null;
  room_name: string | null;
  building_name: string | null;
  kind: PunchKind;
  outcome: PunchItem['outcome'];
  roll_number: string | null;
  full_name: string | null;
  session_id: string | null;
  mark: Mark | null;
}

export function toPunchItem(row: PunchRow): PunchItem {
  return {
    id: row.punch_id,
    punch_id: row.punch_id,
    occurred_at: toInstant(row.occurred_at),
    effective_at: toInstantOrNull(row.effective_at),
    received_at: toInstant(row.received_at),
    gateway_id: row.gateway_id,
    device_id: row.device_id,
    device_name: row.device_name,
    room_id: row.room_id,
    room_name: row.room_name,
    building_name: row.building_name,
    kind: row.kind,
    outcome: row.outcome,
    ...(row.roll_number === null
      ? {}
      : { student: { roll_number: row.roll_number, name: row.full_name ?? '' } }),
    ...(row.session_id === null ? {} : { class_session_id: row.session_id }),
    ...(row.mark === null ? {} : { mark: row.mark }),
  };
}

export async function loadPunchItems(knex: Knex, punchIds: readonly string[]): Promise<PunchItem[]> {
  const { rows } = await knex.raw<{ rows: PunchRow[] }>(
    `SELECT ${PUNCH_COLUMNS} FROM ${PUNCH_JOINS} WHERE p.punch_id = ANY(?::uuid[]) ORDER BY p.received_at, p.punch_id`,
    [punchIds as never],
  );
  return rows.map(toPunchItem);
}
