import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import { occupySessions, refuseClashes } from './occupy.js';
import { recordChange } from './record-change.js';
import { holdSession, refuseLocked } from './session-row.js';

export interface PersonalChange {
  sessionId: string;
  reason: string;
  accountId: string | null;
  nowMs: number;
  expectedVersion?: number | undefined;
}

/**
 * Moves a class session to another room from now on. Captures of the room before the change stay evidence
 * ("arrived, redirected"), captures of the new one count from now (domain case 57).
 *
 * @throws RollcallError `NOT_FOUND`, `STALE`, `SESSION_LOCKED`, `INVALID_TRANSITION`, `REQUEST_INVALID` or `CLASH`
 */
export async function changeRoom(trx: Knex, roomId: string, change: PersonalChange): Promise<void> {
  const session = await holdSession(trx, change.sessionId, change.expectedVersion);
  refuseLocked(session);
  refuseOver(session.status, 'changes its room');
  await refuseUnknown(trx, { table: 'room', key: 'id', field: 'room', value: roomId });
  if (session.room_id === roomId) return;
  const now = new Date(change.nowMs);
  // A class that takes no captures yet has never been in the old room.
  if (now <= session.reach_from) {
    await trx('session_room').where({ session_id: session.id, room_id: session.room_id }).delete();
  } else {
    await trx.raw(
      `UPDATE session_room SET valid_during = tstzrange(lower(valid_during), ?::timestamptz)
       WHERE session_id = ?::uuid AND room_id = ? AND upper_inf(valid_during)`,
      [now, session.id, session.room_id],
    );
  }
  const range = now <= session.reach_from ? '(,)' : `[${now.toISOString()},)`;
  await trx('session_room').insert({ session_id: session.id, room_id: roomId, valid_during: range });
  await trx('attendance_session').where({ id: session.id }).update({ room_id: roomId });
  refuseClashes(await occupySessions(trx, [session.id]));
  await recordChange(trx, {
    ...change,
    kind: 'room',
    before: { room: session.room_id },
    after: { room: roomId, from: now.toISOString() },
  });
}

/**
 * Another faculty member takes the class: it stays the same course of the same faculty member, who sees it, and
 * the work is the substitute's (domain case 67).
 */
export async function substitute(trx: Knex, facultyCode: string, change: PersonalChange): Promise<void> {
  const session = await holdSession(trx, change.sessionId, change.expectedVersion);
  refuseLocked(session);
  refuseOver(session.status, 'is taken by somebody else');
  await refuseUnknown(trx, { table: 'faculty', key: 'code', field: 'faculty', value: facultyCode });
  const next = facultyCode === session.faculty_code ? null : facultyCode;
  await trx('attendance_session').where({ id: session.id }).update({ substitute_code: next });
  refuseClashes(await occupySessions(trx, [session.id]));
  await recordChange(trx, {
    ...change,
    kind: 'faculty',
    before: { faculty: session.substitute_code ?? session.faculty_code },
    after: { faculty: facultyCode },
  });
}

function refuseOver(status: string, what: string): void {
  if (['scheduled', 'open', 'closed'].includes(status)) return;
  throw new RollcallError(
    'INVALID_TRANSITION',
    `A class session that is ${status} no longer ${what}; only one that is scheduled, open or closed does`,
  );
}

async function refuseUnknown(
  trx: Knex,
  { table, key, field, value }: { table: string; key: string; field: string; value: string },
): Promise<void> {
  const found = await trx(table).where(key, value).first(key);
  if (found !== undefined) return;
  throw new RollcallError('REQUEST_INVALID', `${field}: there is no ${table} ${value}`);
}
