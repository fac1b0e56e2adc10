import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import type { LoadedSession } from './load-sessions.js';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** A block of contiguous classes begins at most this long before the class that is judged. */
const BLOCK_MAX_MS = 8 * HOUR_MS;

/** A class of a group around the time of one that is judged. */
export interface Neighbor {
  id: string;
  group: string;
  startMs: number;
  endMs: number;
  reachFromMs: number;
  isTakingPlace: boolean;
  rooms: readonly string[];
}

interface NeighborRow {
  section_id: string;
  id: string;
  start_at: Date;
  end_at: Date;
  reach_from: Date;
  status: string;
  rooms: string[];
}

/** A group and the time that its classes are looked for in. */
export interface Span {
  fromMs: number;
  untilMs: number;
}

export const NEIGHBORS_SQL = `
  SELECT span.section_id, n.id, n.start_at, n.end_at, n.reach_from, n.status,
    ARRAY(SELECT room_id FROM session_room WHERE session_id = n.id) AS rooms
  FROM unnest(?::text[], ?::timestamptz[], ?::timestamptz[]) AS span (section_id, from_at, until_at)
    CROSS JOIN LATERAL (
      SELECT session_id FROM session_section
      WHERE section_id = span.section_id AND reach_from BETWEEN span.from_at AND span.until_at OFFSET 0
    ) g
    CROSS JOIN LATERAL (SELECT * FROM attendance_session WHERE id = g.session_id OFFSET 0) n`;

/** By group, the times that classes of it are looked for in. */
export type Spans = ReadonlyMap<string, Span>;

/** What there is of each group in its span. */
export type Neighbors = ReadonlyMap<string, readonly Neighbor[]>;

/** The spans around classes that are judged, one for each group however many of its classes are. */
export function spansOf(groupsOf: Iterable<readonly [LoadedSession, readonly string[]]>): Spans {
  const spans = new Map<string, Span>();
  for (const [session, groups] of groupsOf) {
    for (const group of groups) widen(spans, group, session);
  }
  return spans;
}

/** The classes of every group in its span. */
export async function loadNeighbors(trx: Knex, spans: Spans): Promise<Neighbors> {
  if (spans.size === 0) return new Map();
  const all = [...spans];
  const { rows } = await prepared<{ rows: NeighborRow[] }>(trx, NEIGHBORS_SQL, [
    all.map(([group]) => group),
    all.map(([, { fromMs }]) => new Date(fromMs)),
    all.map(([, { untilMs }]) => new Date(untilMs)),
  ] as never);
  const neighbors = new Map<string, Neighbor[]>(all.map(([group]) => [group, []]));
  for (const row of rows) neighbors.get(row.section_id)?.push(toNeighbor(row));
  return neighbors;
}

function widen(spans: Map<string, Span>, group: string, { reachFromMs, reachUntilMs }: LoadedSession): void {
  const span = spans.get(group) ?? { fromMs: Number.POSITIVE_INFINITY, untilMs: Number.NEGATIVE_INFINITY };
  span.fromMs = Math.min(span.fromMs, reachFromMs - BLOCK_MAX_MS);
  span.untilMs = Math.max(span.untilMs, reachUntilMs + BLOCK_MAX_MS);
  spans.set(group, span);
}

const toNeighbor = (row: NeighborRow): Neighbor => ({
  id: row.id,
  group: row.section_id,
  startMs: row.start_at.getTime(),
  endMs: row.end_at.getTime(),
  reachFromMs: row.reach_from.getTime(),
  isTakingPlace: row.status !== 'cancelled' && row.status !== 'not_held',
  rooms: row.rooms,
});

/** The block of classes of the same group in the same room without a longer gap (domain case 47). */
export function withBlock(session: LoadedSession, neighbors: Neighbors): LoadedSession {
  const gapMs = session.policy.contiguous_gap_minutes * MINUTE_MS;
  const rooms = new Set(session.rooms.map(({ roomId }) => roomId));
  const near = session.groups
    .flatMap((group) => neighbors.get(group) ?? [])
    .filter(({ id, isTakingPlace, rooms: theirs }) => {
      return id !== session.id && isTakingPlace && theirs.some((room) => rooms.has(room));
    });
  let { blockFromMs, blockEndMs } = session;
  let firstStartMs = session.startMs;
  for (const other of near.toSorted((a, b) => b.endMs - a.endMs)) {
    if (other.startMs >= firstStartMs || other.endMs > firstStartMs || firstStartMs - other.endMs > gapMs)
      continue;
    firstStartMs = other.startMs;
    blockFromMs = Math.min(blockFromMs, other.reachFromMs);
  }
  for (const other of near.toSorted((a, b) => a.startMs - b.startMs)) {
    if (other.startMs < blockEndMs || other.startMs - blockEndMs > gapMs) continue;
    blockEndMs = other.endMs;
  }
  // Mostly a class is a block by itself; what is known of the class itself stays known.
  if (blockFromMs === session.blockFromMs && blockEndMs === session.blockEndMs) return session;
  return { ...session, blockFromMs, blockEndMs };
}

/** Ids of other classes of these groups that take place at the same time (domain case 53). */
export function clashesOf(session: LoadedSession, groups: readonly string[], neighbors: Neighbors): string[] {
  const ids = new Set<string>();
  for (const group of groups) {
    for (const { id, startMs, endMs, isTakingPlace } of neighbors.get(group) ?? []) {
      const isOverlapping = startMs < session.endMs && endMs > session.startMs;
      if (id !== session.id && isTakingPlace && isOverlapping) ids.add(id);
    }
  }
  return [...ids].sort();
}

/** From when on captures can matter for the class: to carry somebody over, or to tell ways in from ways out. */
export function evidenceFromMs(session: LoadedSession): number {
  const { policy, reachFromMs, blockFromMs, midnightMs, alternatingRooms } = session;
  const isCarrying = policy.contiguous_carry || policy.capture_per_period;
  const fromMs = isCarrying ? Math.min(reachFromMs, blockFromMs) : reachFromMs;
  return alternatingRooms.length > 0 ? Math.min(fromMs, midnightMs) : fromMs;
}
