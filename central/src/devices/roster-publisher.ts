import type { Clock } from '@rollcall/protocol/clock';
import { buildTopic } from '@rollcall/protocol/topics';
import type { Database } from '../db/database.js';
import type { Log } from '../log.js';
import { buildRosters } from './roster.js';

/** Also without a change the days pass: credentials end. And a lost notification is made good. */
const REBUILD_MS = 10 * 60_000;

export interface RosterPublisher {
  /** Something changed: builds, and publishes the pointers that are new; calls during one are served by the next. */
  refresh(): void;
  /** This replica begins to read: every pointer is published, as the word for it (ADR 49). */
  announce(): void;
  /** Resolves when nothing is being built. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

export interface RosterPublisherOptions {
  db: Pick<Database, 'knex'>;
  clock: Clock;
  log: Log;
  /** A pointer says that central reads: a replica that does not leaves them to the one that does. */
  isReading(): boolean;
  publish(topic: string, payload: string, options: { retain: boolean }): void;
}

export function createRosterPublisher(options: RosterPublisherOptions): RosterPublisher {
  const { db, clock, log, isReading, publish } = options;
  /** Gateways take every pointer for a word of central: one that says nothing new makes them send for nothing. */
  const published = new Map<string, string>();
  let isWanted = false;
  let isStopped = false;
  let running: Promise<void> | undefined;
  let cancelTimer = clock.after(REBUILD_MS, onTimer);

  function onTimer(): void {
    cancelTimer = clock.after(REBUILD_MS, onTimer);
    refresh();
  }

  function refresh(): void {
    // Whoever begins to read publishes all of them.
    if (!isReading()) return;
    isWanted = true;
    running ??= run();
  }

  function announce(): void {
    // The broker may have forgotten what it retained, and what was sent over a dying connection was lost.
    published.clear();
    refresh();
  }

  async function run(): Promise<void> {
    while (isWanted && !isStopped) {
      isWanted = false;
      try {
        for (const { gatewayId, pointer } of await buildRosters(db, new Date(clock.wallMs()))) {
          const payload = JSON.stringify(pointer);
          if (published.get(gatewayId) === payload) continue;
          publish(buildTopic({ kind: 'roster', gatewayId }), payload, { retain: true });
          published.set(gatewayId, payload);
        }
      } catch (error) {
        log.warn({ err: error }, 'the rosters could not be built; the next change or timer tries again');
      }
    }
    running = undefined;
  }

  return {
    refresh,
    announce,
    async idle() {
      await running;
    },
    async stop() {
      isStopped = true;
      cancelTimer();
      await running;
    },
  };
}
