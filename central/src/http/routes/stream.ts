import { createSession } from 'better-sse';
import { API } from '../contracts/common.js';
import { defineRoute } from '../route.js';

const KEEP_ALIVE_MS = 15_000;
const RETRY_MS = 2_000;
/** Bytes that wait for one slow client before it is cut off; it comes back and is told to read anew. */
const CLIENT_BACKLOG_BYTES_MAX = 1024 * 1024;

export const stream = defineRoute(
  {
    method: 'get',
    path: `${API}/stream/`,
    operationId: 'stream',
    tag: 'Live',
    summary:
      'Server-sent events: punch, record, session, gateway as they happen; resync = read your lists anew',
    headers: { 'Last-Event-ID': 'Sent by browsers that come back; they are told to resync' },
    reply: { contentType: 'text/event-stream' },
  },
  async ({ request, response }, { live, log }) => {
    const session = await createSession(request, response, { keepAlive: KEEP_ALIVE_MS, retry: RETRY_MS });
    let eventNumber = 0;
    const push = (name: string, data: unknown): void => {
      if (!session.isConnected) return;
      if (response.writableLength > CLIENT_BACKLOG_BYTES_MAX) {
        log.debug('a live client reads too slowly and is cut off');
        response.destroy();
        return;
      }
      eventNumber += 1;
      session.push(data, name, String(eventNumber));
    };
    const unsubscribe = live.subscribe(({ name, data }) => push(name, data));
    session.on('disconnected', unsubscribe);
    // What happened since the client's last event is not kept: its lists have it.
    if (session.lastId !== '') push('resync', {});
    return undefined;
  },
);
