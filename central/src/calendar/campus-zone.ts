import { DateTime, FixedOffsetZone, IANAZone } from 'luxon';

const DATE_PATTERN = /^\d{4}-\d{2}-\d{2}$/;

/** True for a zone that this machine knows, such as `Asia/Kolkata`. */
export const isZone = (zone: string): boolean => IANAZone.isValidZone(zone);

/** True for a date that exists, `2025-02-28` but not `2025-02-30`. */
export function isDate(text: string): boolean {
  return DATE_PATTERN.test(text) && DateTime.fromISO(text, { zone: FixedOffsetZone.utcInstance }).isValid;
}

/** 0 = Monday … 6 = Sunday. A campus-local date has its weekday whatever zone the server is in (case 24). */
export function weekdayOf(date: string): number {
  return DateTime.fromISO(date, { zone: FixedOffsetZone.utcInstance }).weekday - 1;
}

/**
 * The instant of a wall time on a campus-local date. A time that a clock change skips is moved on by the size
 * of the change; of a time that happens twice the first is meant.
 */
export function instantOf(date: string, time: string, zone: string): number {
  const offsetMs = steadyOffsetMs(date, zone);
  if (offsetMs !== undefined) return Date.parse(`${date}T${time}Z`) - offsetMs;
  const candidates = DateTime.fromISO(`${date}T${time}`, { zone }).getPossibleOffsets();
  // Which of the two luxon takes by itself depends on the season in which it is asked.
  return Math.min(...candidates.map((candidate) => candidate.toMillis()));
}

/** Days whose offset is remembered: some years. */
const OFFSETS_MAX = 2_000;
const HOUR_MS = 3_600_000;
/** Further from UTC than any zone, and an hour for the change itself. */
const AROUND_MS = 16 * HOUR_MS;
const DAY_MS = 24 * HOUR_MS;
const offsets = new Map<string, number | undefined>();

/**
 * The offset of the zone on a date, or undefined where a clock changes anywhere near: a timetable asks for the same few
 * days tens of thousands of times, and asking the zone for each time of day would hold up everything else.
 */
function steadyOffsetMs(date: string, zone: string): number | undefined {
  const key = `${zone} ${date}`;
  if (offsets.has(key)) return offsets.get(key);
  const dayMs = Date.parse(`${date}T00:00:00Z`);
  const known = IANAZone.create(zone);
  const before = known.offset(dayMs - AROUND_MS);
  const steady = before === known.offset(dayMs + DAY_MS + AROUND_MS) ? before * 60_000 : undefined;
  if (offsets.size >= OFFSETS_MAX) offsets.clear();
  offsets.set(key, steady);
  return steady;
}

/** The campus-local date at an instant: the only way from an instant to a date. */
export function dateAt(instantMs: number, zone: string): string {
  return DateTime.fromMillis(instantMs, { zone }).toFormat('yyyy-MM-dd');
}

/** The campus-local wall time at an instant, written 09:00. */
export function timeAt(instantMs: number, zone: string): string {
  return DateTime.fromMillis(instantMs, { zone }).toFormat('HH:mm');
}

export function plusDays(date: string, days: number): string {
  return DateTime.fromISO(date, { zone: FixedOffsetZone.utcInstance }).plus({ days }).toFormat('yyyy-MM-dd');
}

export function minusYears(date: string, years: number): string {
  return DateTime.fromISO(date, { zone: FixedOffsetZone.utcInstance })
    .minus({ years })
    .toFormat('yyyy-MM-dd');
}

/** Every date from the first to the last, both included. */
export function* datesBetween(from: string, to: string): Generator<string> {
  for (let date = from; date <= to; date = plusDays(date, 1)) yield date;
}
