import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import type { Listener } from '../db/listen.js';
import type { Log } from '../log.js';
import { LIVE_CHANNEL } from '../marks/notify.js';
import { loadEnrollmentItems } from './views/enrollment-view.js';
import { loadGatewayItems } from './views/gateway-view.js';
import { loadPunchItems } from './views/punch-view.js';
import { loadRecordItems } from './views/record-view.js';
import { loadSessionItems } from './views/session-view.js';

/** Changes are gathered this long: one look at the database serves many of them and every client. */
const GATHER_MS = 100;
/** Streams of one account in this process: tabs and screens of one person are fewer. */
export const CLIENTS_PER_ACCOUNT_MAX = 20;
/** When to try again: a stream that a page has left is noticed at the next ping. */
const RETRY_AFTER_SECONDS = 15;
/** More than this at once (a gateway back from an outage) and pages are told to read their lists anew. */
const GATHERED_IDS_MAX = 1_000;

export interface LiveEvent {
  name: 'punch' | 'record' | 'session' | 'gateway' | 'enrollment' | 'resync';
  data: unknown;
}
export type LiveClient = (event: LiveEvent) => void;

export interface LiveFeed {
  /**
   * @param owner the account whose stream it is
   * @returns a function that ends the subscription
   * @throws RollcallError `TOO_MANY_REQUESTS` for an account with too many of them
   */
  subscribe(owner: string, client: LiveClient): () => void;
  stop(): Promise<void>;
}

export interface LiveFeedOptions {
  db: { knex: Knex };
  listener: Pick<Listener, 'listen' | 'onReconnect'>;
  clock: Clock;
  log: Log;
}

type NoticeType = 'punch' | 'record' | 'session' | 'gateway' | 'enrollment';
const NOTICE_TYPES: readonly NoticeType[] = ['punch', 'record', 'session', 'gateway', 'enrollment'];

/**
 * Turns notifications of any replica into events for the clients of this one. Notifications carry ids only;
 * the rows are read here, once, when somebody is watching.
 */
export function createLiveFeed({ db, listener, clock, log }: LiveFeedOptions): LiveFeed {
  const clients = new Map<LiveClient, string>();
  let gathered = emptyNotices();
  let isOverfull = false;
  let cancelFlush: (() => void) | undefined;
  let flushing: Promise<void> = Promise.resolve();

  const send = (event: LiveEvent): void => {
    for (const client of clients.keys()) client(event);
  };

  async function flush(): Promise<void> {
    const notices = gathered;
    const mustResync = isOverfull;
    gathered = emptyNotices();
    isOverfull = false;
    try {
      if (mustResync) send({ name: 'resync', data: {} });
      else for (const event of await loadEvents(db.knex, notices, clock.wallMs())) send(event);
    } catch (error) {
      log.warn({ err: error }, 'live changes could not be read; pages are told to read their lists anew');
      send({ name: 'resync', data: {} });
    }
  }

  function schedule(): void {
    cancelFlush ??= clock.after(GATHER_MS, () => {
      cancelFlush = undefined;
      flushing = flushing.then(flush);
    });
  }

  const stopListening = listener.listen(LIVE_CHANNEL, (payload) => {
    if (clients.size === 0) return;
    const count = gather(gathered, payload);
    if (count > GATHERED_IDS_MAX) isOverfull = true;
    schedule();
  });
  const stopReconnect = listener.onReconnect(() => send({ name: 'resync', data: {} }));

  return {
    subscribe(owner, client) {
      const own = [...clients.values()].filter((one) => one === owner).length;
      if (own >= CLIENTS_PER_ACCOUNT_MAX) {
        throw new RollcallError('TOO_MANY_REQUESTS', `You have ${own} live pages open; close some of them`, {
          context: { retryAfterSeconds: RETRY_AFTER_SECONDS },
        });
      }
      clients.set(client, owner);
      return () => void clients.delete(client);
    },
    async stop() {
      stopListening();
      stopReconnect();
      cancelFlush?.();
      clients.clear();
      await flushing;
    },
  };
}

/** For each kind the ids that changed; for records with the mark before the first of their changes. */
type Notices = Record<NoticeType, Map<string, string | null>>;

const emptyNotices = (): Notices => ({
  punch: new Map(),
  record: new Map(),
  session: new Map(),
  gateway: new Map(),
  enrollment: new Map(),
});

/** @returns how many ids wait now */
function gather(notices: Notices, payload: string): number {
  const notice = JSON.parse(payload) as { type: NoticeType; ids: string[]; previous?: (string | null)[] };
  // A newer replica, during an update, may know more kinds than this one.
  const target: Map<string, string | null> | undefined = notices[notice.type];
  for (const [index, id] of notice.ids.entries()) {
    if (target?.has(id) === false) target.set(id, notice.previous?.[index] ?? null);
  }
  return NOTICE_TYPES.reduce((sum, type) => sum + notices[type].size, 0);
}

async function loadEvents(knex: Knex, notices: Notices, nowMs: number): Promise<LiveEvent[]> {
  const ids = (type: NoticeType): string[] => [...notices[type].keys()];
  const load = async <Item>(
    type: NoticeType,
    loader: (knex: Knex, ids: string[]) => Promise<Item[]>,
  ): Promise<Item[]> => (notices[type].size === 0 ? [] : loader(knex, ids(type)));
  const punches = await load('punch', loadPunchItems);
  const records = await load('record', loadRecordItems);
  const sessions = await load('session', loadSessionItems);
  const gateways = await load('gateway', (from, some) => loadGatewayItems(from, some, nowMs));
  const enrollments = await load('enrollment', loadEnrollmentItems);
  return [
    ...punches.map((data): LiveEvent => ({ name: 'punch', data })),
    ...records.map(
      ({ id, session_id, student, mark, marked_at, reason }): LiveEvent => ({
        name: 'record',
        data: {
          id,
          session_id,
          student,
          mark,
          previous_mark: notices.record.get(id) ?? null,
          marked_at,
          reason,
        },
      }),
    ),
    ...sessions.map((data): LiveEvent => ({ name: 'session', data })),
    ...gateways.map((data): LiveEvent => ({ name: 'gateway', data })),
    ...enrollments.map((data): LiveEvent => ({ name: 'enrollment', data })),
  ];
}
