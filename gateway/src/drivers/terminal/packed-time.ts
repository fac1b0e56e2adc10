import { type LocalMs, localFrom } from './local-time.js';

const SECONDS_PER_DAY = 86_400;

/** Seconds as ZKTeco counts them: months of 31 days, years of 12 such months, from 2000 on (4370 note). */
export function packTime(local: LocalMs): number {
  const date = new Date(local);
  const days = (date.getUTCFullYear() - 2000) * 372 + date.getUTCMonth() * 31 + date.getUTCDate() - 1;
  return days * SECONDS_PER_DAY + Math.floor((local % (SECONDS_PER_DAY * 1_000)) / 1_000);
}

/** Undefined for a day that no month has. */
export function unpackTime(packed: number): LocalMs | undefined {
  const days = Math.floor(packed / SECONDS_PER_DAY);
  const seconds = packed % SECONDS_PER_DAY;
  return localFrom({
    y: 2000 + Math.floor(days / 372),
    mo: (Math.floor(days / 31) % 12) + 1,
    d: (days % 31) + 1,
    h: Math.floor(seconds / 3_600),
    mi: Math.floor(seconds / 60) % 60,
    s: seconds % 60,
  });
}
