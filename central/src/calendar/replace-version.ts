import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import { type Actor, transition } from '../sessions/transition.js';
import { copySlots } from './copy-slots.js';
import { occupySlot } from './occupy-slot.js';

export interface NewVersion {
  academicPeriodId: string;
  name: string;
  validFrom: string;
  usesDayOrder: boolean;
  copySlots: boolean;
  nowMs: number;
  actor: Actor;
}

export interface VersionChange {
  id: string;
  replaced: number;
  kept: string[];
}

/** A future session of the version before that nobody touched and nothing was captured for. */
const REPLACEABLE_SQL = `s.academic_period_id = ? AND s.origin = 'timetable' AND s.scheduled_date >= ?::date
  AND s.status = 'scheduled' AND s.start_at > ?::timestamptz`;
const UNTOUCHED_SQL = `NOT s.is_hand_changed
  AND NOT EXISTS (SELECT FROM attendance_record r WHERE r.session_id = s.id)
  AND NOT EXISTS (SELECT FROM qr_scan q WHERE q.session_id = s.id)`;

/**
 * A new version of the timetable from a date on. Sessions before it stay; future ones of the version before are
 * taken out, except those that a person changed, which are listed (domain case 72).
 *
 * @throws RollcallError `REQUEST_INVALID` for a date outside the period, `ALREADY_EXISTS` naming a version that
 *   begins then or later
 */
export async function replaceVersion(trx: Knex, request: NewVersion): Promise<VersionChange> {
  const { academicPeriodId, name, validFrom, nowMs, actor } = request;
  const period = await trx('academic_period')
    .where({ id: academicPeriodId })
    .first<{ starts_on: string; ends_on: string } | undefined>();
  if (period === undefined || validFrom < period.starts_on || validFrom > period.ends_on) {
    throw new RollcallError('REQUEST_INVALID', 'valid_from: must be a day of an academic period that exists');
  }
  await refuseBeforeOther(trx, academicPeriodId, validFrom);
  const { rows: before } = await trx.raw<{ rows: { id: string }[] }>(
    `UPDATE timetable_version SET valid_during = daterange(lower(valid_during), ?::date), version = version + 1
     WHERE academic_period_id = ? AND valid_during @> ?::date AND lower(valid_during) < ?::date RETURNING id`,
    [validFrom, academicPeriodId, validFrom, validFrom],
  );
  const [version] = (await trx('timetable_version')
    .insert({
      academic_period_id: academicPeriodId,
      name,
      valid_during: trx.raw('daterange(?::date, ?::date, ?)', [validFrom, period.ends_on, '[]']),
      uses_day_order: request.usesDayOrder,
      updated_at: new Date(nowMs),
    })
    .returning('id')) as { id: string }[];
  const { id } = version as { id: string };
  const [old] = before;
  if (old !== undefined) {
    await trx.raw(
      `UPDATE slot_occupancy o SET valid_during = v.valid_during FROM attendance_timetable_slot t
         JOIN timetable_version v ON v.id = t.timetable_version_id
       WHERE o.slot_id = t.id AND v.id = ?::uuid`,
      [old.id],
    );
    if (request.copySlots) {
      const copied = await copySlots(trx, { from: old.id, to: id, academicPeriodId });
      for (const slotId of copied) await occupySlot(trx, slotId, { allowClash: true, nowMs });
    }
  }
  const bindings = [academicPeriodId, validFrom, new Date(nowMs)];
  const { rows: kept } = await trx.raw<{ rows: { id: string }[] }>(
    `SELECT s.id FROM attendance_session s WHERE ${REPLACEABLE_SQL} AND NOT (${UNTOUCHED_SQL}) ORDER BY s.start_at`,
    bindings,
  );
  let replaced = 0;
  for (;;) {
    const ids = await transition(trx, {
      action: 'cancel',
      where: `${REPLACEABLE_SQL} AND ${UNTOUCHED_SQL}`,
      bindings,
      nowMs,
      actor,
      reason: `replaced by timetable ${name}`,
    });
    if (ids.length === 0) break;
    await trx('session_occupancy').whereIn('session_id', ids).delete();
    await trx('attendance_session').whereIn('id', ids).update({ status_reason: 'TIMETABLE_REPLACED' });
    replaced += ids.length;
  }
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: 'timetable_version',
      entityId: id,
      action: 'create',
      performedBy: actor.performedBy,
      source: actor.source,
      before: { version_before: old?.id ?? null },
      after: { name, valid_from: validFrom, copy_slots: request.copySlots, replaced, kept: kept.length },
    },
  ]);
  return { id, replaced, kept: kept.map((row) => row.id) };
}

/** Versions are made in their order: a new one is in force up to the end of the period. */
async function refuseBeforeOther(trx: Knex, periodId: string, validFrom: string): Promise<void> {
  // Whoever makes another one at this moment is waited for, and then seen.
  await trx('academic_period').where({ id: periodId }).forUpdate().first('id');
  const other = await trx('timetable_version')
    .where({ academic_period_id: periodId })
    .whereRaw('lower(valid_during) >= ?::date', [validFrom])
    .orderByRaw('lower(valid_during) DESC')
    .first<{ name: string; begins: string } | undefined>('name', trx.raw('lower(valid_during) AS begins'));
  if (other === undefined) return;
  throw new RollcallError(
    'ALREADY_EXISTS',
    `valid_from: the version "${other.name}" begins on ${other.begins}; choose a later day`,
  );
}
