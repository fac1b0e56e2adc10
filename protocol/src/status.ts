import * as z from 'zod';
import { bootIdSchema, contractVersionSchema, instantSchema } from './ids.js';

/**
 * `up/status`, retained: the birth on every connection and the last will. `session` grows with every
 * connection of a gateway and is kept on its disk, so that a will that overtakes a birth is recognized as
 * older (edge §4.5).
 */
export const statusSchema = z.strictObject({
  v: contractVersionSchema,
  state: z.enum(['online', 'offline']),
  boot_id: bootIdSchema,
  session: z.int().min(1),
  /** Version of the gateway software. */
  software: z.string().max(32),
  at: instantSchema,
});

export type Status = z.infer<typeof statusSchema>;

/**
 * True when `incoming` says something newer than what is known; a delayed will is not. A birth of another boot
 * is believed whatever it counts: on a new disk the sessions start at 1 again.
 */
export function supersedes(
  incoming: Pick<Status, 'state' | 'session' | 'boot_id'>,
  known: Pick<Status, 'session' | 'boot_id'>,
): boolean {
  if (incoming.state === 'online' && incoming.boot_id !== known.boot_id) return true;
  if (incoming.session !== known.session) return incoming.session > known.session;
  return incoming.state === 'offline' && incoming.boot_id === known.boot_id;
}
