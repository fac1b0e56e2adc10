import type { Clock } from '@rollcall/protocol/clock';
import type { Log } from '../log.js';
import type { CommandSender } from './commands.js';

/** A replay takes its time; health comes every minute. */
const REPEAT_AFTER_MS = 5 * 60_000;

/** Asks a gateway to send again what this central does not have, and does not ask twice at once. */
export function createReplayRequests(options: { commands: CommandSender; clock: Clock; log: Log }) {
  const { commands, clock, log } = options;
  const askedAtMs = new Map<string, number>();
  return (gatewayId: string, fromSeq: number): void => {
    const lastMs = askedAtMs.get(gatewayId);
    if (lastMs !== undefined && clock.monoMs() - lastMs < REPEAT_AFTER_MS) return;
    askedAtMs.set(gatewayId, clock.monoMs());
    log.warn({ gatewayId, fromSeq }, 'rows that were acked are not in this database; asking for them again');
    commands.send(gatewayId, 'replay', { from_seq: fromSeq });
  };
}
