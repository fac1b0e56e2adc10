import type { QueryClient } from '@tanstack/react-query';
import { API_ROOT } from '../api/client.js';
import { KEYS } from '../api/keys.js';
import type { LiveEvent } from '../api/types.js';
import { applyEvent } from './apply-event.js';
import { Journal } from './journal.js';
import { RefreshLater } from './refresh-later.js';
import { LiveStream, type Source, type StreamState } from './stream.js';

export interface LinkStatus {
  state: StreamState;
  /** When the page was last live; null until it was for the first time. */
  lastLiveMs: number | null;
}

export interface LinkOptions {
  client: QueryClient;
  open(): Source;
  nowMs(): number;
  after(delayMs: number, callback: () => void): () => void;
}

/** Joins the stream, the query cache and the indicator in the header. One per page. */
export class LiveLink {
  readonly journal = new Journal();
  private readonly options: LinkOptions;
  private readonly stream: LiveStream;
  private readonly later: RefreshLater;
  private readonly statusListeners = new Set<() => void>();
  private readonly eventListeners = new Set<(event: LiveEvent) => void>();
  private current: LinkStatus = { state: 'connecting', lastLiveMs: null };

  constructor(options: LinkOptions) {
    this.options = options;
    const { client, after } = options;
    this.later = new RefreshLater({
      after,
      refreshCounts: () => this.refetch(KEYS.board),
      refreshRosters: (ids) => {
        for (const id of ids) this.refetch(KEYS.roster(id));
        this.refetch(KEYS.explanations);
      },
    });
    this.stream = new LiveStream({
      open: options.open,
      after,
      onEvent: (event) => this.receive(event),
      onGap: () => void client.invalidateQueries(),
      onState: (state) => this.enter(state),
      // The gap that follows repairs it; the browser's console is where a developer looks.
      onUnreadable: (type, error) => reportError(new Error(`unreadable ${type} event`, { cause: error })),
    });
  }

  start(): void {
    this.stream.start();
  }

  stop(): void {
    this.stream.stop();
    this.later.stop();
  }

  retryNow = (): void => this.stream.retryNow();

  status = (): LinkStatus => this.current;

  onStatus = (listener: () => void): (() => void) => {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  };

  onEvent(listener: (event: LiveEvent) => void): () => void {
    this.eventListeners.add(listener);
    return () => this.eventListeners.delete(listener);
  }

  private receive(event: LiveEvent): void {
    this.journal.add(event);
    applyEvent(this.options.client, event);
    if (event.type === 'record') this.later.recordChanged(event.data.session_id);
    if (event.type === 'session') this.later.sessionChanged(event.data.id);
    for (const listener of this.eventListeners) listener(event);
  }

  private enter(state: StreamState): void {
    const wasLive = this.current.state === 'live';
    const lastLiveMs = wasLive || state === 'live' ? this.options.nowMs() : this.current.lastLiveMs;
    this.current = { state, lastLiveMs };
    for (const listener of this.statusListeners) listener();
  }

  private refetch(queryKey: readonly string[]): void {
    void this.options.client.invalidateQueries({ queryKey });
  }
}

export function browserLink(client: QueryClient): LiveLink {
  return new LiveLink({
    client,
    open: () => new EventSource(`${API_ROOT}stream/`) as unknown as Source,
    nowMs: () => Date.now(),
    after: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  });
}
