import { dateAt, minusYears } from '../calendar/campus-zone.js';
import type { Knex } from '../db/database.js';
import { defaultOf } from '../rules/setting-keys.js';
import { readSettingValue } from '../rules/setting-value.js';

const KEY = 'ATTENDANCE_DATA_RETENTION_YEARS';
const DAY_MS = 86_400_000;
/** A term that was made shorter by mistake removes nothing before somebody has had this long to notice. */
export const SHORTENED_AFTER_DAYS = 30;

/** One row of the setting, also one that somebody has taken out of force. */
export interface Term {
  years: number;
  fromMs: number;
  /** Infinity for one that nobody took out of force. */
  untilMs: number;
}

/** Every term that was ever set: who takes one out of force does not change what was in force before. */
export async function loadTerms(knex: Knex): Promise<Term[]> {
  const { rows } = await knex.raw<{
    rows: { value: string; effective_from: Date | null; is_active: boolean; updated_at: Date }[];
  }>(
    `SELECT value, nullif(effective_from, '-infinity') AS effective_from, is_active, updated_at
     FROM attendance_configuration WHERE key = ? AND scope_kind = 'campus'`,
    [KEY],
  );
  return rows.flatMap(({ value, effective_from, is_active, updated_at }) => {
    const read = readSettingValue(KEY, value);
    if (!read.ok) return [];
    const fromMs = effective_from?.getTime() ?? Number.NEGATIVE_INFINITY;
    const untilMs = is_active ? Number.POSITIVE_INFINITY : updated_at.getTime();
    return [{ years: Number(read.value), fromMs, untilMs }];
  });
}

/** The longest term that was in force at any time within the month before the instant, and at the instant itself. */
export function longestTerm(terms: readonly Term[], atMs: number): number {
  const monthBeforeMs = atMs - SHORTENED_AFTER_DAYS * DAY_MS;
  // Between these nothing begins and nothing ends.
  const changes = terms.flatMap(({ fromMs, untilMs }) => [fromMs, untilMs]);
  const within = changes.filter((changeMs) => changeMs > monthBeforeMs && changeMs <= atMs);
  return Math.max(...[monthBeforeMs, ...within].map((ms) => termAt(terms, ms)));
}

function termAt(terms: readonly Term[], atMs: number): number {
  const begun = terms.filter(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs);
  const newestMs = Math.max(...begun.map(({ fromMs }) => fromMs));
  const newest = begun.filter(({ fromMs }) => fromMs === newestMs);
  return newest.length === 0 ? Number(defaultOf(KEY)) : Math.max(...newest.map(({ years }) => years));
}

export interface Kept {
  years: number;
  /** The first campus-local day of which everything is kept. */
  day: string;
}

export function keptFrom(terms: readonly Term[], zone: string, atMs: number): Kept {
  const years = longestTerm(terms, atMs);
  return { years, day: minusYears(dateAt(atMs, zone), years) };
}
