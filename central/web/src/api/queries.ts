import { queryOptions } from '@tanstack/react-query';
import { nextBoard, nextFeed, nextFleet } from '../live/apply-event.js';
import { mergeBoard } from '../live/board.js';
import { FEED_ROWS_MAX, type FeedRow, mergeFeed } from '../live/feed.js';
import type { Journal } from '../live/journal.js';
import { campusDate } from '../time/format.js';
import { getAll, getJson } from './client.js';
import { KEYS } from './keys.js';
import { ApiProblem } from './problem.js';
import type { Campus, ClassSession, Explanation, Gateway, Page, Punch, RecordItem } from './types.js';

export const DEFAULT_ZONE = 'Asia/Kolkata';
/** The stream keeps the lists fresh; this repairs what no stream can say (a new day, a clock set back). */
const SAFETY_REFETCH_MS = 120_000;
/** After a failure the page keeps asking by itself. */
const REPAIR_REFETCH_MS = 10_000;
const PAGE_ROWS = 200;

function refetchInterval(query: { state: { status: string } }): number {
  return query.state.status === 'error' ? REPAIR_REFETCH_MS : SAFETY_REFETCH_MS;
}

export function campusQuery() {
  return queryOptions({
    queryKey: KEYS.campus,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }): Promise<Campus | null> => {
      try {
        return await getJson<Campus>('campus/', {}, signal);
      } catch (error) {
        // Before the first seed there is no campus; the page then shows itself without a name.
        if (error instanceof ApiProblem && error.status === 404) return null;
        throw error;
      }
    },
  });
}

export function feedQuery(journal: Journal, knownBoard: () => ClassSession[], knownFeed: () => FeedRow[]) {
  return queryOptions({
    queryKey: KEYS.feed,
    refetchInterval,
    queryFn: async ({ signal }): Promise<FeedRow[]> => {
      const position = journal.position;
      const page = await getJson<Page<Punch>>('punches/', { limit: FEED_ROWS_MAX }, signal);
      const rows = mergeFeed(knownFeed(), page.results);
      return journal.since(position).reduce((list, event) => nextFeed(list, event, knownBoard()), rows);
    },
  });
}

/** Today's class sessions, and those of now: a class that crosses midnight belongs to yesterday. */
export function boardQuery(journal: Journal, zone: string) {
  return queryOptions({
    queryKey: KEYS.board,
    refetchInterval,
    queryFn: async ({ signal }): Promise<ClassSession[]> => {
      const position = journal.position;
      const today = campusDate(Date.now(), zone);
      const [ofToday, ofNow] = await Promise.all([
        getAll<ClassSession>('sessions/', { scheduled_date: today, limit: PAGE_ROWS }, signal),
        getAll<ClassSession>('sessions/', { now: 1, limit: PAGE_ROWS }, signal),
      ]);
      return journal.since(position).reduce(nextBoard, mergeBoard(ofToday, ofNow));
    },
  });
}

export function fleetQuery(journal: Journal) {
  return queryOptions({
    queryKey: KEYS.fleet,
    refetchInterval,
    queryFn: async ({ signal }): Promise<Gateway[]> => {
      const position = journal.position;
      const gateways = await getAll<Gateway>('gateways/', { limit: PAGE_ROWS }, signal);
      return journal.since(position).reduce(nextFleet, gateways);
    },
  });
}

export function rosterQuery(sessionId: string) {
  return queryOptions({
    queryKey: KEYS.roster(sessionId),
    queryFn: ({ signal }) =>
      getAll<RecordItem>(`sessions/${encodeURIComponent(sessionId)}/records/`, { limit: PAGE_ROWS }, signal),
  });
}

export function explanationQuery(recordId: string) {
  return queryOptions({
    queryKey: KEYS.explanation(recordId),
    queryFn: ({ signal }) =>
      getJson<Explanation>(`records/${encodeURIComponent(recordId)}/explain/`, {}, signal),
  });
}
