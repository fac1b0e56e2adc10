import { RollcallError } from '@rollcall/protocol/errors';

const HOUR_MS = 3_600_000;
/** Hours for which the offset of the zone is remembered: two years of a log. */
const HOURS_MAX = 20_000;
const TEXT =
  /^(?<y>\d{4})[-/.](?<mo>\d{1,2})[-/.](?<d>\d{1,2})[ T](?<h>\d{1,2}):(?<mi>\d{2})(?::(?<s>\d{2}))?$/;

/** Wall clock without a zone, as terminals keep it: milliseconds since 1970 as though it were UTC. */
export type LocalMs = number;

/** Undefined for text that is no time that a calendar has, from 2000 on. */
export function parseLocal(text: string): LocalMs | undefined {
  const groups = TEXT.exec(text.trim())?.groups;
  if (groups === undefined) return undefined;
  const part = (name: string): number => Number(groups[name] ?? 0);
  return localFrom({
    y: part('y'),
    mo: part('mo'),
    d: part('d'),
    h: part('h'),
    mi: part('mi'),
    s: part('s'),
  });
}

export interface LocalParts {
  y: number;
  mo: number;
  d: number;
  h: number;
  mi: number;
  s: number;
}

export function localFrom({ y, mo, d, h, mi, s }: LocalParts): LocalMs | undefined {
  const ms = Date.UTC(y, mo - 1, d, h, mi, s);
  const back = new Date(ms);
  const isReal =
    y >= 2000 &&
    y < 2100 &&
    back.getUTCMonth() === mo - 1 &&
    back.getUTCDate() === d &&
    back.getUTCHours() === h &&
    back.getUTCMinutes() === mi;
  return isReal ? ms : undefined;
}

/** `2026-07-15 09:05:30`. */
export function formatLocal(local: LocalMs): string {
  return new Date(local).toISOString().slice(0, 19).replace('T', ' ');
}

/** The times of one zone, between a terminal's wall clock and UTC. */
export class LocalTime {
  readonly #format: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();

  /** @throws RollcallError `CONFIG_INVALID` for a zone that does not exist. */
  constructor(zone: string) {
    this.#format = formatOf(zone);
  }

  /** Of the two times that an autumn night has twice, the first one. */
  toUtcMs(local: LocalMs): number {
    const guess = local - this.offsetMs(local);
    const first = local - this.offsetMs(guess);
    const earlier = local - this.offsetMs(guess - HOUR_MS);
    return earlier < first && earlier + this.offsetMs(earlier) === local ? earlier : first;
  }

  toLocalMs(utcMs: number): LocalMs {
    return utcMs + this.offsetMs(utcMs);
  }

  /** Milliseconds east of UTC at that instant. */
  offsetMs(utcMs: number): number {
    // Zones change at full quarters of an hour.
    const slot = Math.floor(utcMs / (HOUR_MS / 4));
    const known = this.#offsets.get(slot);
    if (known !== undefined) return known;
    const parts = Object.fromEntries(
      this.#format.formatToParts(slot * (HOUR_MS / 4)).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    const offsetMs = Date.UTC(year, month - 1, day, hour, minute, second) - slot * (HOUR_MS / 4);
    if (this.#offsets.size >= HOURS_MAX) this.#offsets.clear();
    this.#offsets.set(slot, offsetMs);
    return offsetMs;
  }
}

/** Making one takes a millisecond or more; a campus has one zone. */
const formats = new Map<string, Intl.DateTimeFormat>();
const FORMATS_MAX = 16;

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = makeFormat(zone);
  if (formats.size >= FORMATS_MAX) formats.clear();
  formats.set(zone, format);
  return format;
}

function makeFormat(zone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (cause) {
    throw new RollcallError('CONFIG_INVALID', `There is no time zone ${zone}; write one like Asia/Kolkata`, {
      cause,
    });
  }
}

export function isZone(zone: string): boolean {
  try {
    new LocalTime(zone);
    return true;
  } catch {
    // The answer, not a failure.
    return false;
  }
}
