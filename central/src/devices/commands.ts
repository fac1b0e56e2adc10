import { randomUUID } from 'node:crypto';
import type { Clock } from '@rollcall/protocol/clock';
import {
  type CommandName,
  type CommandResponse,
  commandArgsSchemas,
  commandResponseSchema,
} from '@rollcall/protocol/command';
import { parseJson } from '@rollcall/protocol/parse';
import { buildTopic } from '@rollcall/protocol/topics';
import type * as z from 'zod';

const DEFAULT_TTL_S = 300;

export const readResponse = (payload: Uint8Array): CommandResponse =>
  parseJson(commandResponseSchema, payload, 'MESSAGE_INVALID', 'The response');

export interface CommandSender {
  /** @returns the id that the response repeats */
  send<Name extends CommandName>(
    gatewayId: string,
    name: Name,
    args: z.infer<(typeof commandArgsSchemas)[Name]>,
    options?: { ttlSeconds?: number; id?: string },
  ): string;
}

export function createCommandSender(options: {
  clock: Clock;
  publish(topic: string, payload: string): void;
}): CommandSender {
  return {
    send(gatewayId, name, args, { ttlSeconds = DEFAULT_TTL_S, id = randomUUID() } = {}) {
      const command = {
        v: 1,
        id,
        issued_at: new Date(options.clock.wallMs()).toISOString(),
        ttl_s: ttlSeconds,
        args: commandArgsSchemas[name].parse(args),
      };
      options.publish(buildTopic({ kind: 'command', gatewayId, command: name }), JSON.stringify(command));
      return id;
    },
  };
}
