/** A gateway's clock may be ahead of central's by minutes, never by more than this: rows beyond are quarantined. */
const AHEAD_MAX_MS = 86_400_000;
const AHEAD_MAX = "interval '1 day'";

/** The partition key of a punch: the first of the month, in UTC, in which central received it. */
export const receivedMonth = (receivedAt: Date): string => `${receivedAt.toISOString().slice(0, 7)}-01`;

/** The earliest month in which a punch that happened at this instant can have been received. */
export const earliestReceivedMonth = (effectiveAtMs: number): string =>
  receivedMonth(new Date(effectiveAtMs - AHEAD_MAX_MS));

/** {@link earliestReceivedMonth} of an SQL expression: as a condition on `received_month` it prunes older partitions. */
export const earliestReceivedMonthSql = (instant: string): string =>
  `date_trunc('month', (${instant} - ${AHEAD_MAX}) AT TIME ZONE 'UTC')::date`;
