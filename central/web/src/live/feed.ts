import type { ClassSession, Punch, RecordEvent } from '../api/types.js';

/** Rows of "who tapped where"; older ones are found by filters, not by scrolling. */
export const FEED_ROWS_MAX = 200;

export interface FeedRow extends Punch {
  /** It came by the stream while the page was open, so the page may point it out. */
  arrived?: boolean;
}

/** Newest tap first, whatever the order of arrival: a gateway that was offline brings old taps late. */
export function mergeFeed(rows: readonly FeedRow[], incoming: readonly FeedRow[]): FeedRow[] {
  const byId = new Map(rows.map((row) => [row.punch_id, row]));
  for (const row of incoming) byId.set(row.punch_id, combine(byId.get(row.punch_id), row));
  return [...byId.values()].sort(newestFirst).slice(0, FEED_ROWS_MAX);
}

/** Writes the mark beside the tap that produced it. */
export function markFeed(rows: FeedRow[], event: RecordEvent, session: ClassSession | undefined): FeedRow[] {
  const at = rows.findIndex((row) => isTapOf(row, event, session));
  const row = rows[at];
  if (row === undefined) return rows;
  return rows.with(at, { ...row, class_session_id: event.session_id, mark: event.mark });
}

export function tapTime(row: Pick<Punch, 'effective_at' | 'occurred_at'>): string {
  return row.effective_at ?? row.occurred_at;
}

/** The newest tap of each device of a gateway. Health tells it once a minute; the feed knows it at once. */
export function latestTaps(rows: readonly FeedRow[], gatewayId: string): Map<string, string> {
  const latest = new Map<string, string>();
  for (const row of rows) {
    if (row.gateway_id === gatewayId && !latest.has(row.device_id)) latest.set(row.device_id, tapTime(row));
  }
  return latest;
}

function combine(known: FeedRow | undefined, incoming: FeedRow): FeedRow {
  if (known === undefined) return incoming;
  // A punch is told again when it is re-timed or resolved anew; a mark already known stays until a new one comes.
  const mark = incoming.mark ?? known.mark;
  const sessionId = incoming.class_session_id ?? known.class_session_id;
  const arrived = known.arrived ?? incoming.arrived;
  return {
    ...incoming,
    ...(mark === undefined ? {} : { mark }),
    ...(sessionId === undefined ? {} : { class_session_id: sessionId }),
    ...(arrived === undefined ? {} : { arrived }),
  };
}

function newestFirst(a: FeedRow, b: FeedRow): number {
  return Date.parse(tapTime(b)) - Date.parse(tapTime(a)) || (a.punch_id < b.punch_id ? 1 : -1);
}

function isTapOf(row: FeedRow, event: RecordEvent, session: ClassSession | undefined): boolean {
  if (row.student?.roll_number !== event.student.roll_number) return false;
  if (row.class_session_id != null) return row.class_session_id === event.session_id;
  // The tap was told before it was judged: it belongs to the class session in whose room it happened.
  return session !== undefined && row.room_id === session.room.id;
}
