import type { Clock } from '@rollcall/protocol/clock';

/** Class sessions that one process leaves out at once: every look at the queue compares its rows with all of them. */
const SET_ASIDE_MAX = 200;
/** A class that failed is tried again after this, and then each time after twice as long as before. */
const RETRY_FIRST_MS = 5_000;
const RETRY_MAX_MS = 3_600_000;

/** Class sessions that could not be judged, each with the time of its next try. A restart forgets them. */
export interface SetAside {
  readonly ids: readonly string[];
  has(id: string): boolean;
  /** Those whose time has come. */
  due(): string[];
  /** Puts the next try of a class that failed further off. @returns whether there was room for it */
  fail(id: string): boolean;
  /** A class that is to be tried at once, if there is room for it and it does not wait already. */
  adopt(id: string): void;
  /** What is known to be told about a class, once. @returns whether it was told before */
  wasTold(id: string): boolean;
  told(id: string): void;
  remove(id: string): void;
}

interface Entry {
  dueMs: number;
  waitMs: number;
  isTold: boolean;
}

/** @param entriesMax how many classes there is room for */
export function createSetAside(clock: Clock, entriesMax = SET_ASIDE_MAX): SetAside {
  const entries = new Map<string, Entry>();
  let ids: readonly string[] = [];

  function put(id: string, entry: Entry): boolean {
    if (!entries.has(id) && entries.size >= entriesMax) return false;
    entries.set(id, entry);
    ids = [...entries.keys()];
    return true;
  }

  return {
    get ids() {
      return ids;
    },
    has: (id) => entries.has(id),
    due() {
      const nowMs = clock.monoMs();
      return ids.filter((id) => (entries.get(id)?.dueMs ?? Number.POSITIVE_INFINITY) <= nowMs);
    },
    fail(id) {
      const before = entries.get(id);
      const waitMs = Math.min(RETRY_MAX_MS, before === undefined ? RETRY_FIRST_MS : before.waitMs * 2);
      return put(id, { dueMs: clock.monoMs() + waitMs, waitMs, isTold: before?.isTold ?? false });
    },
    adopt(id) {
      if (!entries.has(id)) put(id, { dueMs: clock.monoMs(), waitMs: RETRY_FIRST_MS / 2, isTold: false });
    },
    wasTold: (id) => entries.get(id)?.isTold ?? false,
    told(id) {
      const entry = entries.get(id);
      if (entry !== undefined) entry.isTold = true;
    },
    remove(id) {
      if (entries.delete(id)) ids = [...entries.keys()];
    },
  };
}
