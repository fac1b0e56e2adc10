const DAY_MS = 86_400_000;
const SECOND_MS = 1_000;

const padded = (count: number, digits: number): readonly string[] =>
  Array.from({ length: count }, (_, value) => String(value).padStart(digits, '0'));
const TWO = padded(60, 2);
const THREE = padded(SECOND_MS, 3);

/** Of the day that was written last: `2026-07-07T`. What is judged together is mostly of one day. */
let last = { day: Number.NaN, text: '' };

/**
 * What `Date.prototype.toISOString` gives for whole milliseconds of the years 0 to 9999, in an eighth of its time: captures
 * are listed by the million, and their times were a fifth of a decision.
 */
export function instantText(ms: number): string {
  const day = Math.floor(ms / DAY_MS);
  if (day !== last.day)
    last = { day, text: new Date(day * DAY_MS).toISOString().slice(0, 'YYYY-MM-DDT'.length) };
  const inDay = ms - day * DAY_MS;
  const second = Math.floor(inDay / SECOND_MS);
  const minute = Math.floor(second / 60);
  const clock = `${TWO[Math.floor(minute / 60)]}:${TWO[minute % 60]}:${TWO[second % 60]}`;
  return `${last.text}${clock}.${THREE[inDay - second * SECOND_MS]}Z`;
}
