import * as z from 'zod';
import type { TerminalLog } from '../terminal-log.js';
import { isZone, type LocalMs, type LocalTime } from './local-time.js';
import { directionOf, verifiedBy } from './verify-code.js';

/** What every terminal has to be told, whatever it speaks. */
export const terminalOptions = {
  time_zone: z
    .string('must be the name of a time zone')
    .refine(isZone, 'must be the name of a time zone, such as Asia/Kolkata')
    .default('Asia/Kolkata')
    .meta({ description: 'The zone that the clock of the terminal is set to; it does not say it itself.' }),
  user_ids: z
    .enum(['unlinked', 'roll_number', 'card'], 'must be unlinked, roll_number or card')
    .default('unlinked')
    .meta({
      description:
        '`roll_number`: the user ids of the terminal are roll numbers. `card`: whose card the terminal has on file for the user. `unlinked`: nobody; each punch is kept and a person is told.',
    }),
  roll_prefix: z.string('must be text').max(32, 'must be at most 32 characters').default('').meta({
    description: 'Put before a user id to make the roll number, where the terminal takes digits only.',
  }),
  direction_keys: z.boolean('must be true or false').default(false).meta({
    description:
      '`true` where people press the in and out keys of the terminal. Otherwise what it says is not believed.',
  }),
} as const;

export type TerminalOptions = z.infer<z.ZodObject<typeof terminalOptions>>;

/** Characters of a user id; the longest fields of the protocols have 24. */
const USER = /^[\x21-\x7e]{1,24}$/;

export const isUser = (text: string): boolean => USER.test(text) && text !== '0';

export interface RawEntry {
  user: string;
  local: LocalMs;
  /** In, out and so on, by its number. */
  status: number;
  verify: number;
  index?: number;
}

/** One entry of a terminal's log in the terms of the gateway. */
export function terminalLog(
  { user, local, status, verify, index }: RawEntry,
  { options, zone }: { options: TerminalOptions; zone: LocalTime },
): TerminalLog {
  const { kind, method } = verifiedBy(verify);
  const direction = options.direction_keys ? directionOf(status) : undefined;
  return {
    // By the terminal's own clock: another zone in the configuration must not make all of it new.
    identity: `${local} ${user} ${status} ${verify}`,
    user,
    deviceTimeMs: zone.toUtcMs(local),
    kind,
    verifyMethod: method,
    ...(direction === undefined ? {} : { directionHint: direction }),
    ...(options.user_ids === 'roll_number' ? { studentRef: options.roll_prefix + user } : {}),
    ...(options.user_ids === 'card' ? { isLinkedByCard: true as const } : {}),
    ...(index === undefined ? {} : { index }),
  };
}
