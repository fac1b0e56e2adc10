import type { ClassSession } from '../api/types.js';

/** Captures are accepted from ten minutes before the start (domain D0), so the class is "now" from then on. */
const EARLY_MS = 10 * 60_000;
const NEXT_MAX = 6;
/** Class sessions that ended and still wait are kept however old; settled ones leave after half an hour. */
const SETTLED_SHOWN_MS = 30 * 60_000;
const ENDED_MAX = 12;
/** A day of a large campus; a bound against a server that sends without end. */
export const BOARD_SESSIONS_MAX = 2_000;

export interface BoardGroups {
  now: ClassSession[];
  next: ClassSession[];
  ended: ClassSession[];
}

/** The newer version of each class session, in the order of their start. */
export function mergeBoard(
  known: readonly ClassSession[],
  incoming: readonly ClassSession[],
): ClassSession[] {
  const byId = new Map(known.map((session) => [session.id, session]));
  for (const session of incoming) {
    const before = byId.get(session.id);
    if (before === undefined || session.version >= before.version) byId.set(session.id, session);
  }
  return [...byId.values()].sort(byStart).slice(-BOARD_SESSIONS_MAX);
}

export function groupBoard(sessions: readonly ClassSession[], nowMs: number): BoardGroups {
  const groups: BoardGroups = { now: [], next: [], ended: [] };
  for (const session of sessions) {
    const startMs = Date.parse(session.start_at);
    const endMs = Date.parse(session.end_at);
    if (session.status === 'cancelled' || session.status === 'not_held') continue;
    if (nowMs < startMs - EARLY_MS && session.status !== 'open') groups.next.push(session);
    else if (nowMs <= endMs || session.status === 'open') groups.now.push(session);
    else if (isSettling(session) || nowMs <= endMs + SETTLED_SHOWN_MS) groups.ended.push(session);
  }
  return {
    now: groups.now,
    next: groups.next.slice(0, NEXT_MAX),
    ended: groups.ended.reverse().slice(0, ENDED_MAX),
  };
}

/** Closed but not finalized: its absences are withheld. */
export function isSettling(session: ClassSession): boolean {
  return session.status === 'closed';
}

function byStart(a: ClassSession, b: ClassSession): number {
  return (
    Date.parse(a.start_at) - Date.parse(b.start_at) ||
    a.building.name.localeCompare(b.building.name) ||
    a.room.name.localeCompare(b.room.name)
  );
}
