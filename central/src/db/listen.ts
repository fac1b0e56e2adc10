import { type Clock, delay } from '@rollcall/protocol/clock';
import type { Log } from '../log.js';
import { type Connection, connect } from './connection.js';

const RECONNECT_FIRST_MS = 250;
const RECONNECT_MAX_MS = 5_000;

export type NotificationHandler = (payload: string) => void;

/** LISTEN on a connection of its own that comes back by itself; one per process. */
export interface Listener {
  /** @returns a function that ends the subscription */
  listen(channel: string, handler: NotificationHandler): () => void;
  /** Called after every reconnect: notifications sent in between are gone, so state must be read again. */
  onReconnect(handler: () => void): () => void;
  close(): Promise<void>;
}

export interface ListenerOptions {
  url: string;
  log: Log;
  clock: Clock;
}

/** @throws RollcallError `DATABASE_UNAVAILABLE` when the first connection fails */
export async function openListener({ url, log, clock }: ListenerOptions): Promise<Listener> {
  const channels = new Map<string, Set<NotificationHandler>>();
  const reconnectHandlers = new Set<() => void>();
  const closing = new AbortController();
  let connection = await open();

  async function open(): Promise<Connection> {
    const opened = await connect(url, 'rollcall-listen');
    opened.onNotification((channel, payload) => {
      for (const handler of channels.get(channel) ?? []) handler(payload);
    });
    try {
      for (const channel of channels.keys()) await opened.query(`LISTEN ${quote(channel)}`);
    } catch (error) {
      await opened.close().catch(() => undefined);
      throw error;
    }
    return opened;
  }

  async function keepOpen(): Promise<void> {
    let waitMs = RECONNECT_FIRST_MS;
    for (;;) {
      await connection.ended;
      if (closing.signal.aborted) return;
      try {
        connection = await open();
        if (closing.signal.aborted) await connection.close();
        waitMs = RECONNECT_FIRST_MS;
        log.info('listening for notifications again');
        for (const handler of reconnectHandlers) handler();
      } catch (error) {
        log.warn({ err: error, waitMs }, 'the connection for notifications is lost; trying again');
        await delay(clock, waitMs, closing.signal).catch(() => undefined);
        waitMs = Math.min(waitMs * 2, RECONNECT_MAX_MS);
      }
    }
  }
  const running = keepOpen();

  return {
    listen(channel, handler) {
      const handlers = channels.get(channel) ?? new Set();
      if (handlers.size === 0) {
        channels.set(channel, handlers);
        // A failure here means that the connection just ended; reopening listens on every channel.
        connection.query(`LISTEN ${quote(channel)}`).catch((error: unknown) => {
          log.debug({ err: error, channel }, 'LISTEN has to wait for the next connection');
        });
      }
      handlers.add(handler);
      return () => void handlers.delete(handler);
    },
    onReconnect(handler) {
      reconnectHandlers.add(handler);
      return () => void reconnectHandlers.delete(handler);
    },
    async close() {
      closing.abort();
      // Already broken: then there is nothing left to close.
      await connection.close().catch(() => undefined);
      await running;
    },
  };
}

function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
