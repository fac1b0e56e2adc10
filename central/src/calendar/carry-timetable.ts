import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import { copySlots } from './copy-slots.js';
import { occupySlots, type SlotClash } from './occupy-slot.js';

export interface CarryRequest {
  academicPeriodId: string;
  /** Undefined: the period of the campus that began last before it. */
  fromAcademicPeriodId: string | undefined;
  nowMs: number;
}

export interface Carried {
  from: { academicPeriodId: string; versionId: string };
  versionId: string;
  created: number;
  existing: number;
  clashes: SlotClash[];
}

interface PeriodRow {
  id: string;
  campus_id: string;
  starts_on: string;
  ends_on: string;
}
interface VersionRow {
  id: string;
  uses_day_order: boolean;
}

/**
 * The last timetable of another period becomes the first one of this; again it carries over what came to the other one
 * since (domain A5, "generate slots"). What is taken already is not occupied twice, and named.
 *
 * @throws RollcallError `NOT_FOUND` for the period, `REQUEST_INVALID` for one to copy from that is none or has no timetable
 */
export async function carryTimetable(trx: Knex, request: CarryRequest): Promise<Carried> {
  const { academicPeriodId, fromAcademicPeriodId, nowMs } = request;
  // One at a time for a period: its first version is made once.
  const period = await trx('academic_period')
    .where({ id: academicPeriodId })
    .forNoKeyUpdate()
    .first<PeriodRow | undefined>('id', 'campus_id', 'starts_on', 'ends_on');
  if (period === undefined) {
    throw new RollcallError('NOT_FOUND', `There is no academic period ${academicPeriodId}`);
  }
  const source = await sourceOf(trx, period, fromAcademicPeriodId);
  const versionId = await firstVersion(trx, period, { usesDayOrder: source.uses_day_order, nowMs });
  const ids = await copySlots(trx, { from: source.id, to: versionId, academicPeriodId });
  const [all] = (await trx('attendance_timetable_slot')
    .where({ timetable_version_id: source.id, is_active: true })
    .count('* as n')) as { n: number }[];
  return {
    from: { academicPeriodId: source.academic_period_id, versionId: source.id },
    versionId,
    created: ids.length,
    existing: Number(all?.n ?? 0) - ids.length,
    clashes: ids.length === 0 ? [] : await occupySlots(trx, ids),
  };
}

async function sourceOf(
  trx: Knex,
  period: PeriodRow,
  wanted: string | undefined,
): Promise<VersionRow & { academic_period_id: string }> {
  const { rows } = await trx.raw<{ rows: (VersionRow & { academic_period_id: string })[] }>(
    `SELECT v.id, v.uses_day_order, v.academic_period_id
     FROM timetable_version v JOIN academic_period p ON p.id = v.academic_period_id
     WHERE p.id <> ? AND CASE WHEN ?::text IS NULL THEN p.campus_id = ? AND p.starts_on < ?::date ELSE p.id = ? END
     ORDER BY p.starts_on DESC, p.id, lower(v.valid_during) DESC LIMIT 1`,
    [period.id, wanted ?? null, period.campus_id, period.starts_on, wanted ?? null],
  );
  const [version] = rows;
  if (version !== undefined) return version;
  throw new RollcallError(
    'REQUEST_INVALID',
    wanted === undefined
      ? 'from_academic_period: no period before this one has a timetable'
      : `from_academic_period: there is no other period ${wanted} with a timetable`,
  );
}

/** The one in force on the first day of the period; a period without any gets one for all of its days. */
async function firstVersion(
  trx: Knex,
  { id, starts_on, ends_on }: PeriodRow,
  { usesDayOrder, nowMs }: { usesDayOrder: boolean; nowMs: number },
): Promise<string> {
  const known = await trx('timetable_version')
    .where({ academic_period_id: id })
    .orderByRaw('lower(valid_during)')
    .first<{ id: string } | undefined>('id');
  if (known !== undefined) return known.id;
  const [made] = (await trx('timetable_version')
    .insert({
      academic_period_id: id,
      name: 'v1',
      valid_during: trx.raw('daterange(?::date, ?::date, ?)', [starts_on, ends_on, '[]']),
      uses_day_order: usesDayOrder,
      updated_at: new Date(nowMs),
    })
    .returning('id')) as { id: string }[];
  return (made as { id: string }).id;
}
