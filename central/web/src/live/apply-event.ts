import type { QueryClient } from '@tanstack/react-query';
import { KEYS } from '../api/keys.js';
import type { ClassSession, Gateway, LiveEvent, RecordEvent, RecordItem } from '../api/types.js';
import { mergeBoard } from './board.js';
import { type FeedRow, markFeed, mergeFeed } from './feed.js';
import { nextOwnMark, type OwnMark } from './own-mark.js';

/** The three lists of the page, as one event changes them. */
export interface Lists {
  feed: FeedRow[];
  board: ClassSession[];
  fleet: Gateway[];
}

export function nextFeed(rows: FeedRow[], event: LiveEvent, board: readonly ClassSession[]): FeedRow[] {
  if (event.type === 'punch') return mergeFeed(rows, [{ ...event.data, arrived: true }]);
  if (event.type !== 'record') return rows;
  const session = board.find((one) => one.id === event.data.session_id);
  return markFeed(rows, event.data, session);
}

export function nextBoard(sessions: ClassSession[], event: LiveEvent): ClassSession[] {
  return event.type === 'session' ? mergeBoard(sessions, [event.data]) : sessions;
}

export function nextFleet(gateways: Gateway[], event: LiveEvent): Gateway[] {
  if (event.type !== 'gateway') return gateways;
  const at = gateways.findIndex((gateway) => gateway.id === event.data.id);
  return at === -1 ? [...gateways, event.data] : gateways.with(at, event.data);
}

export function nextRoster(records: RecordItem[], event: RecordEvent): RecordItem[] {
  const at = records.findIndex((record) => record.student.roll_number === event.student.roll_number);
  const record = records[at];
  if (record === undefined) return records;
  return records.with(at, { ...record, mark: event.mark, marked_at: event.marked_at, reason: event.reason });
}

/** Writes one event into every list that is loaded; one that is not will have it from its own request. */
export function applyEvent(client: QueryClient, event: LiveEvent): void {
  const board = client.getQueryData<ClassSession[]>(KEYS.board) ?? [];
  client.setQueryData<FeedRow[]>(KEYS.feed, (rows) => rows && nextFeed(rows, event, board));
  client.setQueryData<ClassSession[]>(KEYS.board, (sessions) => sessions && nextBoard(sessions, event));
  client.setQueryData<Gateway[]>(KEYS.fleet, (gateways) => gateways && nextFleet(gateways, event));
  if (event.type === 'record') {
    const key = KEYS.roster(event.data.session_id);
    client.setQueryData<RecordItem[]>(key, (records) => records && nextRoster(records, event.data));
    const ownKey = KEYS.ownMark(event.data.session_id);
    client.setQueryData<OwnMark>(ownKey, (known) => {
      const next = known && nextOwnMark(known, event);
      // Marks of others are no news of this one, and do not count as a read of it.
      return next === known ? undefined : next;
    });
  }
}
