import type { Knex } from '../db/database.js';
import { SYSTEM, type Transition, transition } from './transition.js';

/** What the scheduler does by itself with every session that is due, in the order of a class's life. */
export interface Advanced {
  opened: number;
  closed: number;
  finalized: number;
}

const EARLY_OPEN_SQL = "(s.policy->>'early_open_minutes')::int * interval '1 minute'";
/** `reach_until` is the end plus the close grace of the session's own policy. */
export const CLOSES_AT_SQL = 's.reach_until';
/** Below this, opening after the start is ordinary scheduling; above, the note tells why (case 11). */
const LATE_NOTE_AFTER_SECONDS = 60;
const LATE_NOTE_SQL = `CASE WHEN extract(epoch FROM ?::timestamptz - s.start_at) > ${LATE_NOTE_AFTER_SECONDS} THEN
  'opened late by ' || floor(extract(epoch FROM ?::timestamptz - s.start_at) / 60)::int || ':' ||
  lpad((floor(extract(epoch FROM ?::timestamptz - s.start_at))::int % 60)::text, 2, '0') END`;

/**
 * The earliest instant up to which every enabled device of the room has reported, null without devices: a
 * room that nothing watches stays closed until a person decides, because silence proves nothing there. Lights
 * see nobody; devices switched off for maintenance are not waited for (domain cases 85, 86).
 */
export const WATERMARK_SQL = `(SELECT min(coalesce(d.complete_through, '-infinity')) FROM attendance_biometric_device d
  WHERE d.room_id = s.room_id AND d.is_enabled AND d.device_type <> 'lights')`;

/** Opens, closes and finalizes everything that is due at `nowMs`, however long nobody looked (case 11). */
export async function advanceSessions(knex: Knex, nowMs: number): Promise<Advanced> {
  const now = new Date(nowMs);
  const due = { actor: SYSTEM, nowMs };
  const opened = await repeat(knex, {
    ...due,
    action: 'open',
    where: `s.start_at - ${EARLY_OPEN_SQL} <= ?::timestamptz`,
    bindings: [now],
    note: { sql: LATE_NOTE_SQL, bindings: [now, now, now] },
  });
  const closed = await repeat(knex, {
    ...due,
    action: 'close',
    where: `${CLOSES_AT_SQL} <= ?::timestamptz`,
    bindings: [now],
  });
  const finalized = await repeat(knex, {
    ...due,
    action: 'finalize',
    where: `${WATERMARK_SQL} > ${CLOSES_AT_SQL}`,
    bindings: [],
  });
  return { opened, closed, finalized };
}

/** The next instant at which a session opens or closes by itself. */
export async function nextDueMs(knex: Knex): Promise<number | undefined> {
  const { rows } = await knex.raw<{ rows: { due: Date | null }[] }>(
    `SELECT least(
       (SELECT min(s.start_at - ${EARLY_OPEN_SQL}) FROM attendance_session s WHERE s.status = 'scheduled'),
       (SELECT min(${CLOSES_AT_SQL}) FROM attendance_session s WHERE s.status = 'open')) AS due`,
  );
  return rows[0]?.due?.getTime();
}

/** One bounded transaction after the other until nothing is left. */
async function repeat(knex: Knex, request: Transition): Promise<number> {
  let total = 0;
  for (;;) {
    const ids = await knex.transaction((trx) => transition(trx, request));
    total += ids.length;
    if (ids.length === 0) return total;
  }
}
