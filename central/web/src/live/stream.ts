import type { LiveEvent } from '../api/types.js';
import { backoffMs } from './backoff.js';

export type StreamState = 'connecting' | 'live' | 'reconnecting' | 'offline';

/** Failed attempts in a row after which the page stops calling it a hiccup. */
const OFFLINE_AFTER_ATTEMPTS = 3;
/** Central pings every 15 s: when two of them do not come, the link is dead, whatever the browser believes. */
const SILENCE_MAX_MS = 40_000;
const EVENT_TYPES = ['punch', 'record', 'session', 'gateway'] as const;

/** The part of EventSource that is used; tests bring their own. */
export interface Source {
  onopen: (() => void) | null;
  onerror: (() => void) | null;
  addEventListener(type: string, listener: (event: { data: string }) => void): void;
  close(): void;
}

export interface StreamOptions {
  open(): Source;
  /** Calls back once after the delay; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void;
  onEvent(event: LiveEvent): void;
  /** Events may be missing: after every (re)connection and where central says so. */
  onGap(): void;
  onState(state: StreamState): void;
  onUnreadable(type: string, error: unknown): void;
  random?: () => number;
}

/**
 * The stream of central for ever: EventSource alone stops for good on some errors and knows neither backoff
 * nor that a gap must be filled.
 */
export class LiveStream {
  private readonly options: StreamOptions;
  private source: Source | undefined;
  private cancelRetry: (() => void) | undefined;
  private cancelWatch: (() => void) | undefined;
  private attempts = 0;

  constructor(options: StreamOptions) {
    this.options = options;
  }

  start(): void {
    this.options.onState('connecting');
    this.connect();
  }

  stop(): void {
    this.cancelRetry?.();
    this.cancelRetry = undefined;
    this.drop();
  }

  /** At once, for instance when the network came back; harmless while it is connected. */
  retryNow(): void {
    if (this.cancelRetry === undefined) return;
    this.cancelRetry();
    this.connect();
  }

  private connect(): void {
    this.cancelRetry = undefined;
    const source = this.options.open();
    this.source = source;
    source.onopen = () => {
      this.attempts = 0;
      this.heard();
      this.options.onState('live');
      this.options.onGap();
    };
    source.onerror = () => this.fail();
    source.addEventListener('ping', () => this.heard());
    source.addEventListener('resync', () => this.options.onGap());
    for (const type of EVENT_TYPES) {
      source.addEventListener(type, (event) => this.receive(type, event.data));
    }
  }

  private heard(): void {
    this.cancelWatch?.();
    this.cancelWatch = this.options.after(SILENCE_MAX_MS, () => this.fail());
  }

  private receive(type: LiveEvent['type'], text: string): void {
    try {
      this.options.onEvent({ type, data: JSON.parse(text) } as LiveEvent);
    } catch (error) {
      // One event that cannot be read is a gap like any other: the snapshot has what it said.
      this.options.onUnreadable(type, error);
      this.options.onGap();
    }
  }

  private fail(): void {
    this.drop();
    const waitMs = backoffMs(this.attempts, this.options.random);
    this.attempts += 1;
    this.options.onState(this.attempts >= OFFLINE_AFTER_ATTEMPTS ? 'offline' : 'reconnecting');
    this.cancelRetry = this.options.after(waitMs, () => this.connect());
  }

  private drop(): void {
    this.cancelWatch?.();
    this.cancelWatch = undefined;
    if (this.source === undefined) return;
    this.source.onopen = null;
    this.source.onerror = null;
    this.source.close();
    this.source = undefined;
  }
}
