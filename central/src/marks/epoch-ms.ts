/**
 * SQL: whole milliseconds since 1970, as `floor(extract(epoch FROM …) * 1000)` gives them, whose numeric arithmetic takes
 * several times as long. What is added is half a microsecond: more than the rounding of today's seconds, and less than
 * what an instant is exact to.
 */
export const epochMs = (instant: string): string => `floor(date_part('epoch', ${instant}) * 1000 + 0.0005)`;
