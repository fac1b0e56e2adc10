import type { Clock } from '@rollcall/protocol/clock';
import { isRollcallError } from '@rollcall/protocol/errors';
import { parseTopic, type Topic, type UpTopic } from '@rollcall/protocol/topics';
import type { Message } from '../broker/link.js';
import type { Database } from '../db/database.js';
import { createRetry } from '../db/retry.js';
import { refuseEnrollment } from '../enrollment/refuse-enrollment.js';
import type { Ingest } from '../ingest/ingest.js';
import type { Log } from '../log.js';
import { readResponse } from './commands.js';
import { applyDeviceStatus, readDeviceStatus } from './device-status.js';
import { applyHealth, missingFrom, readHealth } from './health.js';
import { applyStatus, readStatus } from './status.js';
import { noteTerminalAnswer } from './terminal-commands.js';

export interface MessageRouterOptions {
  db: Pick<Database, 'knex'>;
  clock: Clock;
  log: Log;
  ingest: Ingest;
  requestReplay(gatewayId: string, fromSeq: number): void;
}

export interface MessageRouter {
  /** Everything that gateways publish comes through here; resolves when the next message may come. */
  handle(message: Message): Promise<void>;
  stop(): void;
}

export function createMessageRouter(options: MessageRouterOptions): MessageRouter {
  const { db, clock, log, ingest, requestReplay } = options;
  const stopping = new AbortController();
  const retry = createRetry({ clock, log, signal: stopping.signal });

  async function route(topic: UpTopic, message: Message): Promise<void> {
    const { gatewayId } = topic;
    const { payload, retained } = message;
    const at = new Date(clock.wallMs());
    switch (topic.kind) {
      case 'punch':
      case 'anchor':
      case 'event':
        return ingest.accept({ kind: topic.kind, gatewayId, payload, topic: message.topic });
      case 'status': {
        const status = readStatus(payload);
        return retry('storing a status', () => applyStatus(db.knex, gatewayId, status, at));
      }
      case 'health': {
        const health = readHealth(payload);
        await retry('storing a health report', () =>
          applyHealth(db.knex, { gatewayId, health, retained, at }),
        );
        const from = await retry('comparing a health report', () => missingFrom(db.knex, gatewayId, health));
        if (from !== undefined && !retained) requestReplay(gatewayId, from);
        return;
      }
      case 'device-status': {
        const status = readDeviceStatus(payload);
        return retry('storing a device status', () => applyDeviceStatus(db.knex, { gatewayId, status, at }));
      }
      case 'response': {
        if (topic.command === 'terminal_user') {
          const response = readResponse(payload);
          await retry('noting what a terminal answered', () =>
            noteTerminalAnswer(db.knex, { gatewayId, response, at }),
          );
        }
        const { id, status, error } = readResponse(payload);
        log.info({ gatewayId, command: topic.command, id, status, error }, 'a gateway answered a command');
        if (topic.command !== 'enroll' || error === undefined) return;
        return retry('noting a refused enrollment', () =>
          refuseEnrollment(db.knex, { gatewayId, id, error, at }),
        );
      }
      case 'live':
        // A hint for a tile, never a record (edge finding 11): the page hears of the committed punch.
        return;
    }
  }

  return {
    async handle(message) {
      const topic = parseTopic(message.topic);
      // An empty retained message is how a topic is deleted.
      if (topic === undefined || message.payload.length === 0) return;
      try {
        if (isUp(topic)) await route(topic, message);
      } catch (error) {
        if (!isRollcallError(error)) throw error;
        log.warn(
          { topic: message.topic, code: error.code, problem: error.message },
          'a message does not fit its contract',
        );
      }
    },
    stop: () => stopping.abort(),
  };
}

function isUp(topic: Topic): topic is UpTopic {
  return topic.kind !== 'ack' && topic.kind !== 'roster' && topic.kind !== 'command';
}
