import { dateAt } from '../calendar/campus-zone.js';
import { type ClassGroup, classGroups } from '../calendar/class-groups.js';
import { campusZone } from '../calendar/generate.js';
import type { Knex } from '../db/database.js';
import { SYSTEM, type Transition, transition } from './transition.js';

/** What the scheduler does by itself with every session that is due, in the order of a class's life. */
export interface Advanced {
  opened: number;
  closed: number;
  finalized: number;
  locked: number;
}

/**
 * A person has not yet decided about evidence that came very late (case 81): of this class, or of one before it
 * on the day, from which somebody may be carried over.
 */
export const NOTHING_HELD_SQL = `NOT EXISTS (
  SELECT FROM review_batch_session rv JOIN session_section held ON held.session_id = rv.session_id
    JOIN session_section own ON own.section_id = held.section_id AND own.scheduled_date = held.scheduled_date
      AND held.reach_from <= own.reach_from
  WHERE rv.decision IS NULL AND own.session_id = s.id)`;
/** Somebody still asks for another mark: the lock waits for the answer (case 132). */
const NOTHING_PENDING_SQL = `NOT EXISTS (SELECT FROM attendance_correction_request q
  WHERE q.session_id = s.id AND q.status = 'pending')`;

const EARLY_OPEN_SQL = "(s.policy->>'early_open_minutes')::int * interval '1 minute'";
/** `reach_until` is the end plus the close grace of the session's own policy. */
export const CLOSES_AT_SQL = 's.reach_until';
/** Below this, opening after the start is ordinary scheduling; above, the note tells why (case 11). */
const LATE_NOTE_AFTER_SECONDS = 60;
const LATE_NOTE_SQL = `CASE WHEN extract(epoch FROM ?::timestamptz - s.start_at) > ${LATE_NOTE_AFTER_SECONDS} THEN
  'opened late by ' || floor(extract(epoch FROM ?::timestamptz - s.start_at) / 60)::int || ':' ||
  lpad((floor(extract(epoch FROM ?::timestamptz - s.start_at))::int % 60)::text, 2, '0') END`;

/** Every room that was the session's at some time: whoever tapped before a move counts as well (case 57). */
export const ROOMS_SQL = 'SELECT sr.room_id FROM session_room sr WHERE sr.session_id = s.id';

/**
 * The earliest instant up to which every enabled device of the room has reported, null without devices: a
 * room that nothing watches stays closed until a person decides, because silence proves nothing there. Lights
 * see nobody; devices switched off for maintenance are not waited for (domain cases 85, 86).
 */
export const WATERMARK_SQL = `(SELECT min(coalesce(d.complete_through, '-infinity')) FROM attendance_biometric_device d
  WHERE d.room_id IN (${ROOMS_SQL}) AND d.is_enabled AND d.device_type <> 'lights')`;

const AUTOMATIC_KEYS = [
  'AUTO_OPEN_SESSIONS',
  'AUTO_CLOSE_SESSIONS',
  'AUTO_MARK_ABSENT',
  'AUTO_LOCK',
  'MAX_CORRECTION_DAYS',
] as const;

/**
 * Opens, closes, finalizes and locks everything that is due at `nowMs`, however long nobody looked (case 11),
 * as far as the settings of that moment let it happen by itself for such a class.
 */
export async function advanceSessions(knex: Knex, nowMs: number): Promise<Advanced> {
  const advanced: Advanced = { opened: 0, closed: 0, finalized: 0, locked: 0 };
  const groups = await classGroups(knex, AUTOMATIC_KEYS, nowMs);
  for (const group of groups) {
    if (group.settings.AUTO_OPEN_SESSIONS) advanced.opened += await openDue(knex, group, nowMs);
  }
  for (const group of groups) {
    if (group.settings.AUTO_CLOSE_SESSIONS) advanced.closed += await closeDue(knex, group, nowMs);
  }
  for (const group of groups) {
    if (group.settings.AUTO_MARK_ABSENT) advanced.finalized += await finalizeDue(knex, group, nowMs);
  }
  for (const group of groups) {
    if (group.settings.AUTO_LOCK) advanced.locked += await lockOld(knex, group, nowMs);
  }
  return advanced;
}

function openDue(knex: Knex, group: ClassGroup, nowMs: number): Promise<number> {
  const now = new Date(nowMs);
  return repeat(knex, {
    ...within(group, `s.start_at - ${EARLY_OPEN_SQL} <= ?::timestamptz`, [now]),
    actor: SYSTEM,
    nowMs,
    action: 'open',
    note: { sql: LATE_NOTE_SQL, bindings: [now, now, now] },
  });
}

function closeDue(knex: Knex, group: ClassGroup, nowMs: number): Promise<number> {
  const due = within(group, `${CLOSES_AT_SQL} <= ?::timestamptz`, [new Date(nowMs)]);
  return repeat(knex, { ...due, actor: SYSTEM, nowMs, action: 'close' });
}

function finalizeDue(knex: Knex, group: ClassGroup, nowMs: number): Promise<number> {
  const due = within(group, `${WATERMARK_SQL} > ${CLOSES_AT_SQL} AND ${NOTHING_HELD_SQL}`, []);
  return repeat(knex, { ...due, actor: SYSTEM, nowMs, action: 'finalize' });
}

const within = (
  group: ClassGroup,
  sql: string,
  bindings: Transition['bindings'],
): Pick<Transition, 'where' | 'bindings'> => ({
  where: `(${sql}) AND (${group.where})`,
  bindings: [...bindings, ...group.bindings],
});

/**
 * Locks what can no longer be corrected: the window counts in campus-local days after the date of the class
 * and includes the whole of the last one (domain case 132); an unlocked class locks again at its own time
 * (case 19).
 */
async function lockOld(knex: Knex, group: ClassGroup, nowMs: number): Promise<number> {
  const zone = await campusZone(knex);
  if (zone === undefined) return 0;
  const due = within(
    group,
    `CASE WHEN s.auto_lock_at IS NULL THEN s.scheduled_date + ?::int < ?::date
      ELSE s.auto_lock_at <= ?::timestamptz END AND ${NOTHING_PENDING_SQL}`,
    [group.settings.MAX_CORRECTION_DAYS, dateAt(nowMs, zone), new Date(nowMs)],
  );
  return repeat(knex, { ...due, actor: SYSTEM, nowMs, action: 'lock' });
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
