import type { Clock } from '@rollcall/protocol/clock';
import { createSession, type Session } from 'better-sse';
import { API } from '../contracts/fields.js';
import { createAudience } from '../live-audience.js';
import { defineRoute } from '../route.js';

/** An event rather than a comment: a page cannot see those, and a dead link says nothing by itself. */
const PING_INTERVAL_MS = 15_000;
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
      'Server-sent events: punch, record, session, gateway, enrollment as they happen; resync = read your lists anew; ping = every 15 s',
    access: 'signed_in',
    headers: { 'Last-Event-ID': 'Sent by browsers that come back; they are told to resync' },
    reply: { contentType: 'text/event-stream' },
  },
  async ({ principal, request, response }, { auth, db, live, log, clock }) => {
    if (request.method === 'HEAD') {
      response.status(200).type('text/event-stream').end();
      return undefined;
    }
    const audience = await createAudience({ knex: db.knex, clock, principal });
    let session: Session | undefined;
    let eventNumber = 0;
    const push = (name: string, data: unknown): void => {
      if (session?.isConnected !== true) return;
      if (response.writableLength > CLIENT_BACKLOG_BYTES_MAX) {
        log.debug('a live client reads too slowly and is cut off');
        response.destroy();
        return;
      }
      eventNumber += 1;
      session.push(data, name, String(eventNumber));
    };
    // Before the answer begins: an account with too many streams is told so.
    const unsubscribe = live.subscribe(principal.accountId ?? '', (event) => {
      if (audience.sees(event)) push(event.name, event.data);
    });
    response.once('close', unsubscribe);
    session = await createSession(request, response, { keepAlive: null, retry: RETRY_MS });
    const stopPings = every(clock, PING_INTERVAL_MS, () => {
      push('ping', {});
      // A sign-in that ended, or roles that changed: the page comes back as who it is now, or not at all.
      keepUp().catch((error: unknown) => {
        log.warn({ err: error }, 'a live client could not be checked and is cut off');
        response.destroy();
      });
    });
    async function keepUp(): Promise<void> {
      const now = await auth.accounts.current(principal.loginSessionId ?? '');
      if (JSON.stringify(now?.grants) === JSON.stringify(principal.grants)) await audience.refresh();
      else response.destroy();
    }
    session.on('disconnected', stopPings);
    // What happened since the client's last event is not kept: its lists have it.
    if (session.lastId !== '') push('resync', {});
    return undefined;
  },
);

function every(clock: Clock, intervalMs: number, act: () => void): () => void {
  let cancel = clock.after(intervalMs, tick);
  function tick(): void {
    cancel = clock.after(intervalMs, tick);
    act();
  }
  return () => cancel();
}
