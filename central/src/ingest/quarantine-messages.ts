import type { Clock } from '@rollcall/protocol/clock';
import type { ErrorCode } from '@rollcall/protocol/errors';
import type { Database } from '../db/database.js';
import { raiseAlarm } from '../devices/alarms.js';
import type { Log } from '../log.js';

/** Whole messages kept per claimed gateway and hour; further ones are only counted. */
export const MESSAGES_PER_HOUR_MAX = 20;
const HOUR_MS = 3_600_000;
/** Bytes of one kept message: enough to see what it is. */
const KEPT_BYTES_MAX = 65_536;
/** Senders counted at once; a forger can claim any number of ids. */
const COUNTED_SENDERS_MAX = 1_000;

export interface RefusedMessage {
  /** As the topic claims; nobody proved it. */
  gatewayId: string | undefined;
  topic: string;
  payload: Uint8Array;
  code: ErrorCode;
  problem: string;
}

export interface QuarantinedMessages {
  keep(message: RefusedMessage): Promise<void>;
}

/** Messages that never count: unsigned, wrongly signed, unreadable. Kept apart with an alarm, bounded. */
export function createQuarantinedMessages(options: {
  db: Pick<Database, 'knex'>;
  clock: Clock;
  log: Log;
}): QuarantinedMessages {
  const { db, clock, log } = options;
  let hourStartMs = clock.monoMs();
  let counts = new Map<string, number>();
  return {
    async keep(message) {
      if (clock.monoMs() - hourStartMs >= HOUR_MS || counts.size >= COUNTED_SENDERS_MAX) {
        hourStartMs = clock.monoMs();
        counts = new Map();
      }
      const sender = message.gatewayId ?? '';
      const count = (counts.get(sender) ?? 0) + 1;
      counts.set(sender, count);
      if (count > MESSAGES_PER_HOUR_MAX) {
        if (count % 1_000 === 0) log.warn({ gatewayId: sender, count }, 'messages refused within this hour');
        return;
      }
      const { code, problem, topic, gatewayId } = message;
      log.warn({ gatewayId, topic, code, problem }, 'a message was refused');
      await store(db, message, new Date(clock.wallMs()));
    },
  };
}

async function store({ knex }: Pick<Database, 'knex'>, message: RefusedMessage, at: Date): Promise<void> {
  const { gatewayId, topic, code, problem, payload } = message;
  await knex.transaction(async (trx) => {
    await trx('quarantine_message').insert({
      claimed_gateway_id: gatewayId ?? null,
      topic: topic.replaceAll('\0', ''),
      code,
      problem,
      payload: Buffer.from(payload.subarray(0, KEPT_BYTES_MAX)),
      received_at: at,
    });
    const text = `A message sent as ${gatewayId ?? 'nobody'} was refused and does not count: ${problem}`;
    await raiseAlarm(trx, {
      code,
      message: text,
      gatewayId,
      detail: { topic: topic.replaceAll('\0', '') },
      at,
    });
  });
}
