import type { Knex } from '../db/database.js';
import { tellCancelled } from '../sessions/tell-cancelled.js';
import { type Actor, transition } from '../sessions/transition.js';

/** Why the calendar takes a class, as the class keeps it: a link to the holiday, or a word for its day. */
export interface Taken {
  statusReason: string;
  holidayId: string | null;
}

export interface TakeRequest extends Taken {
  cancelled: readonly string[];
  /** Were going on. */
  notHeld: readonly string[];
  /** For the audit. */
  reason: string;
  /** For those who are told. */
  told: string;
  nowMs: number;
  actor: Actor;
}

/** Classes of a date that do not take place any more: without room, person and time, and everybody of them told. */
export async function takeClasses(trx: Knex, request: TakeRequest): Promise<void> {
  const { cancelled, notHeld, told, nowMs } = request;
  await transitionAll(trx, 'cancel', cancelled, request);
  await transitionAll(trx, 'not_held', notHeld, request);
  const ids = [...cancelled, ...notHeld];
  await trx('attendance_session')
    .whereIn('id', ids)
    .update({ status_reason: request.statusReason, holiday_id: request.holidayId });
  await trx('session_occupancy').whereIn('session_id', ids).delete();
  await tellCancelled(trx, { ids, reason: told, nowMs });
}

/** However many: so many a statement as one transition takes. The caller holds the rows, so that none is passed over. */
export async function transitionAll(
  trx: Knex,
  action: 'cancel' | 'not_held' | 'restore',
  ids: readonly string[],
  { nowMs, actor, reason }: { nowMs: number; actor: Actor; reason: string },
): Promise<void> {
  let left = [...ids];
  while (left.length > 0) {
    const done = await transition(trx, {
      action,
      where: 's.id = ANY(?::uuid[])',
      bindings: [`{${left.join(',')}}`],
      nowMs,
      actor,
      reason,
    });
    if (done.length === 0) break;
    const changed = new Set(done);
    left = left.filter((id) => !changed.has(id));
  }
}
