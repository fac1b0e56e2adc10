import type { LoadedSession } from './load-sessions.js';

/** Class sessions with their blocks, as they were when they were last judged. A guess: whoever uses it finds out what is true now. */
export interface SeenSessions {
  find(id: string): LoadedSession | undefined;
  keep(session: LoadedSession): void;
}

/** @param sessionsMax how many; the one that was not judged for longest goes first */
export function createSeenSessions(sessionsMax: number): SeenSessions {
  const seen = new Map<string, LoadedSession>();
  return {
    find: (id) => seen.get(id),
    keep(session) {
      seen.delete(session.id);
      seen.set(session.id, session);
      const [oldest] = seen.keys();
      if (seen.size > sessionsMax && oldest !== undefined) seen.delete(oldest);
    },
  };
}
