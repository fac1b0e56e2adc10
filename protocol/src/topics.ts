import * as z from 'zod';
import type { BatchKind } from './batch.js';
import { BATCH_KINDS } from './batch.js';
import { COMMAND_NAMES, type CommandName } from './command.js';
import { deviceIdSchema, gatewayIdSchema } from './ids.js';
import { parseValue } from './parse.js';

const ROOT = 'rollcall/v1';
/** Open for commands of a newer central: the gateway answers `COMMAND_UNKNOWN`. */
const commandNameSchema = z.string().regex(/^[a-z_]{1,32}$/, 'must be 1 to 32 of a-z and "_"');

/** Everything a gateway publishes, by kind. */
export type UpTopic =
  | { kind: BatchKind; gatewayId: string }
  | { kind: 'status' | 'health' | 'live'; gatewayId: string }
  | { kind: 'device-status'; gatewayId: string; deviceId: string }
  | { kind: 'response'; gatewayId: string; command: CommandName };

/** Everything a gateway subscribes to. */
export type DownTopic =
  | { kind: 'ack' | 'roster'; gatewayId: string }
  | { kind: 'command'; gatewayId: string; command: string };

export type Topic = UpTopic | DownTopic;

/** Subscription of one gateway: only its own `down/#`. */
export const downFilter = (gatewayId: string): string => `${prefix(gatewayId)}/down/#`;
/** Prefix below which a gateway may publish; ends with a slash so that `gw-1` is no prefix of `gw-10`. */
export const upPrefix = (gatewayId: string): string => `${prefix(gatewayId)}/up/`;
/** Central's subscription. */
export const UP_FILTER = `${ROOT}/+/up/#`;
/** Where central's start-up probe travels: upper case, so that no gateway can have this id. */
export const probeTopic = (nonce: string): string => `${ROOT}/PROBE/up/live/${nonce}`;

/**
 * Builds a topic; every part is checked, so that no wildcard or slash can enter.
 *
 * @throws RollcallError `TOPIC_INVALID`
 */
export function buildTopic(topic: Topic): string {
  const base = prefix(topic.gatewayId);
  switch (topic.kind) {
    case 'device-status':
      return `${base}/up/device/${checked(deviceIdSchema, topic.deviceId, 'device id')}/status`;
    case 'response':
      return `${base}/up/rsp/${checked(commandNameSchema, topic.command, 'command')}`;
    case 'ack':
    case 'roster':
      return `${base}/down/${topic.kind}`;
    case 'command':
      return `${base}/down/cmd/${checked(commandNameSchema, topic.command, 'command')}`;
    default:
      return `${base}/up/${topic.kind}`;
  }
}

/** Reads a topic; undefined for anything outside the contract. */
export function parseTopic(text: string): Topic | undefined {
  if (!text.startsWith(`${ROOT}/`)) return undefined;
  const [gatewayId = '', direction, ...rest] = text.slice(ROOT.length + 1).split('/');
  if (!gatewayIdSchema.safeParse(gatewayId).success) return undefined;
  if (direction === 'up') return parseUp(gatewayId, rest);
  if (direction === 'down') return parseDown(gatewayId, rest);
  return undefined;
}

function parseUp(gatewayId: string, [head, id, tail, ...extra]: string[]): UpTopic | undefined {
  if (extra.length > 0) return undefined;
  if (head === 'device' && id !== undefined && tail === 'status') {
    return deviceIdSchema.safeParse(id).success
      ? { kind: 'device-status', gatewayId, deviceId: id }
      : undefined;
  }
  if (tail !== undefined) return undefined;
  if (head === 'rsp') {
    const command = COMMAND_NAMES.find((name) => name === id);
    return command === undefined ? undefined : { kind: 'response', gatewayId, command };
  }
  if (id !== undefined) return undefined;
  const kind = [...BATCH_KINDS, 'status', 'health', 'live'].find((name) => name === head);
  return kind === undefined ? undefined : ({ kind, gatewayId } as UpTopic);
}

function parseDown(gatewayId: string, [head, name, ...extra]: string[]): DownTopic | undefined {
  if (extra.length > 0) return undefined;
  if (head === 'cmd' && name !== undefined && commandNameSchema.safeParse(name).success) {
    return { kind: 'command', gatewayId, command: name };
  }
  if ((head === 'ack' || head === 'roster') && name === undefined) return { kind: head, gatewayId };
  return undefined;
}

function prefix(gatewayId: string): string {
  return `${ROOT}/${checked(gatewayIdSchema, gatewayId, 'gateway id')}`;
}

function checked(schema: z.ZodType<string>, text: string, what: string): string {
  return parseValue(schema, text, 'TOPIC_INVALID', `The ${what} of a topic`);
}
