import { randomUUID } from 'node:crypto';
import type { Knex } from '../db/database.js';

export interface TestPunch {
  rollNumber: string;
  at: Date;
  punchId?: string;
  gatewayId?: string;
  deviceId?: string;
  roomId?: string | null;
  kind?: 'card' | 'finger';
}

const STORE_ID = '00000000-0000-4000-8000-000000000001';
let seq = 0;

/** For tests of judging alone: stores resolved punches and queues their pairs, as ingest does. */
export async function storePunches(knex: Knex, punches: readonly TestPunch[]): Promise<void> {
  const rows = punches.map((punch) => {
    seq += 1;
    return {
      seq,
      punch_id: punch.punchId ?? randomUUID(),
      at: punch.at,
      gateway_id: punch.gatewayId ?? 'gw-a',
      device_id: punch.deviceId ?? 'c101',
      room_id: punch.roomId === undefined ? 'r101' : punch.roomId,
      kind: punch.kind ?? 'card',
      roll_number: punch.rollNumber,
    };
  });
  await knex.raw(
    `WITH input AS (
       SELECT * FROM jsonb_to_recordset(?::jsonb) AS r (seq bigint, punch_id uuid, at timestamptz, gateway_id text, device_id text,
         room_id text, kind text, roll_number text)
     ), stored AS (
       INSERT INTO punch (gateway_id, store_id, seq, punch_id, boot_id, mono_ms, occurred_at, clock_state, device_id,
         kind, received_at, received_month, effective_at, time_source, student_id, outcome, room_id)
       SELECT i.gateway_id, ?::uuid, i.seq, i.punch_id, ?::uuid, 0, i.at, 'synced', i.device_id, i.kind, i.at,
         date_trunc('month', i.at AT TIME ZONE 'UTC')::date, i.at,
         'gateway_clock', st.id, 'recognized', i.room_id
       FROM input i JOIN student st ON st.roll_number = i.roll_number
       ON CONFLICT DO NOTHING RETURNING student_id, effective_at
     )
     INSERT INTO judgement_todo (session_id, student_id)
     SELECT DISTINCT s.session_id, p.student_id FROM stored p
       JOIN roster_membership m ON m.student_id = p.student_id
       JOIN session_section s ON s.section_id = m.section_id AND m.valid_during @> s.scheduled_date
         AND p.effective_at BETWEEN s.reach_from AND s.reach_until`,
    [JSON.stringify(rows), STORE_ID, STORE_ID],
  );
}
