const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export interface Formats {
  /** 10:06:12 */
  clock(instant: string | number): string;
  /** 10:06 */
  minute(instant: string | number): string;
  /** Sunday, 22 November */
  day(instant: string | number): string;
  /** 10:00–10:50 */
  range(start: string, end: string): string;
  /** 12 seconds ago; never in the future, whatever the two clocks say. */
  ago(instant: string | number, nowMs: number): string;
  list(items: readonly string[]): string;
  number(value: number): string;
}

export function createFormats(locale: string, zone: string): Formats {
  const base = { timeZone: zone, hourCycle: 'h23' } as const;
  const clock = new Intl.DateTimeFormat(locale, {
    ...base,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  const minute = new Intl.DateTimeFormat(locale, { ...base, hour: '2-digit', minute: '2-digit' });
  const day = new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    weekday: 'long',
    day: 'numeric',
    month: 'long',
  });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const list = new Intl.ListFormat(locale, { type: 'conjunction' });
  const number = new Intl.NumberFormat(locale);
  return {
    clock: (instant) => clock.format(new Date(instant)),
    minute: (instant) => minute.format(new Date(instant)),
    day: (instant) => day.format(new Date(instant)),
    range: (start, end) => `${minute.format(new Date(start))}–${minute.format(new Date(end))}`,
    ago: (instant, nowMs) => formatAgo(relative, Math.max(0, nowMs - new Date(instant).getTime())),
    list: (items) => list.format(items),
    number: (value) => number.format(value),
  };
}

/** The calendar date of the campus, YYYY-MM-DD. */
export function campusDate(nowMs: number, zone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' }).format(nowMs);
}

/** Whole minutes until then, rounded up, so that "0 min left" means that the time is over. */
export function minutesUntil(instant: string, nowMs: number): number {
  return Math.max(0, Math.ceil((Date.parse(instant) - nowMs) / MINUTE_MS));
}

function formatAgo(relative: Intl.RelativeTimeFormat, ageMs: number): string {
  if (ageMs < MINUTE_MS) return relative.format(-Math.floor(ageMs / SECOND_MS), 'second');
  if (ageMs < HOUR_MS) return relative.format(-Math.floor(ageMs / MINUTE_MS), 'minute');
  if (ageMs < DAY_MS) return relative.format(-Math.floor(ageMs / HOUR_MS), 'hour');
  return relative.format(-Math.floor(ageMs / DAY_MS), 'day');
}
