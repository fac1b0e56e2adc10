import type { Clock } from '@rollcall/protocol/clock';
import { buildTopic } from '@rollcall/protocol/topics';
import type { Database } from '../db/database.js';
import type { Log } from '../log.js';
import { buildRosters } from './roster.js';

/** Also without a change the days pass: credentials end. And a lost notification is made good. */
const REBUILD_MS = 10 * 60_000;

export interface RosterPublisher {
  /** Something changed: builds and publishes; calls during one are served by the next. */
  refresh(): void;
  stop(): Promise<void>;
}

export interface RosterPublisherOptions {
  db: Pick<Database, 'knex'>;
  clock: Clock;
  log: Log;
  publish(topic: string, payload: string, options: { retain: boolean }): void;
}

export function createRosterPublisher({ db, clock, log, publish }: RosterPublisherOptions): RosterPublisher {
  let isWanted = false;
  let isStopped = false;
  let running: Promise<void> | undefined;
  let cancelTimer = clock.after(REBUILD_MS, onTimer);

  function onTimer(): void {
    cancelTimer = clock.after(REBUILD_MS, onTimer);
    refresh();
  }

  function refresh(): void {
    isWanted = true;
    running ??= run();
  }

  async function run(): Promise<void> {
    while (isWanted && !isStopped) {
      isWanted = false;
      try {
        for (const { gatewayId, pointer } of await buildRosters(db, new Date(clock.wallMs()))) {
          publish(buildTopic({ kind: 'roster', gatewayId }), JSON.stringify(pointer), { retain: true });
        }
      } catch (error) {
        log.warn({ err: error }, 'the rosters could not be built; the next change or timer tries again');
      }
    }
    running = undefined;
  }

  return {
    refresh,
    async stop() {
      isStopped = true;
      cancelTimer();
      await running;
    },
  };
}
