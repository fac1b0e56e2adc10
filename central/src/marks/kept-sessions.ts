import type { LoadedSession } from './load-sessions.js';

/** Read class sessions, each under the token that PostgreSQL had for what was read of it. */
export interface KeptSessions {
  /** Undefined where nothing is known, or only what stood there under another token. */
  find(id: string, token: string): LoadedSession | undefined;
  keep(token: string, session: LoadedSession): void;
  readonly size: number;
}

/** @param sessionsMax how many; the one that was not asked for longest goes first */
export function createKeptSessions(sessionsMax: number): KeptSessions {
  const kept = new Map<string, { token: string; session: LoadedSession }>();
  return {
    find(id, token) {
      const found = kept.get(id);
      if (found?.token !== token) return undefined;
      kept.delete(id);
      kept.set(id, found);
      return found.session;
    },
    keep(token, session) {
      kept.delete(session.id);
      kept.set(session.id, { token, session });
      const [oldest] = kept.keys();
      if (kept.size > sessionsMax && oldest !== undefined) kept.delete(oldest);
    },
    get size() {
      return kept.size;
    },
  };
}
