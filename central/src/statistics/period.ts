import { RollcallError } from '@rollcall/protocol/errors';
import { dateAt } from '../calendar/campus-zone.js';
import type { Knex } from '../db/database.js';

export interface Period {
  id: string;
  name: string;
  starts_on: string;
  ends_on: string;
  zone: string;
}

/** One row: the period asked for, or else the current one, the one of today, the last one; bound by `periodBindings`. */
export const PERIOD_SQL = `SELECT ap.id, ap.name, ap.starts_on, ap.ends_on, ac.zone
  FROM academic_period ap JOIN campus ac ON ac.id = ap.campus_id
  WHERE ap.id = coalesce(?::text, ap.id)
  ORDER BY ap.is_current DESC, (?::timestamptz AT TIME ZONE ac.zone)::date BETWEEN ap.starts_on AND ap.ends_on DESC,
    ap.ends_on DESC, ap.id LIMIT 1`;

export const periodBindings = (wanted: string | undefined, nowMs: number): [string | null, Date] => [
  wanted ?? null,
  new Date(nowMs),
];

/** Today, or the last day of a period that is over: whatever changes afterwards changes nobody's past (domain case 144). */
export function dayOf({ ends_on: endsOn, zone }: Period, nowMs: number): string {
  const today = dateAt(nowMs, zone);
  return today < endsOn ? today : endsOn;
}

/** @throws RollcallError `NOT_FOUND` */
export async function readPeriod(knex: Knex, wanted: string | undefined, nowMs: number): Promise<Period> {
  const { rows } = await knex.raw<{ rows: Period[] }>(PERIOD_SQL, periodBindings(wanted, nowMs) as never);
  const [period] = rows;
  if (period === undefined) throw noPeriod(wanted);
  return period;
}

export const noPeriod = (wanted: string | undefined): RollcallError =>
  new RollcallError(
    'NOT_FOUND',
    wanted === undefined ? 'There is no academic period yet' : `There is no academic period ${wanted}`,
  );
