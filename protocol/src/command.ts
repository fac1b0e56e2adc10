import * as z from 'zod';
import { enrollArgsSchema } from './enrollment.js';
import { contractVersionSchema, deviceIdSchema, instantSchema, seqSchema } from './ids.js';

const requestShape = {
  v: contractVersionSchema,
  /** Chosen by the sender; the response repeats it. */
  id: z.string().min(1).max(64),
  issued_at: instantSchema,
  /** Seconds after which the command must no longer be carried out: MQTT 3.1.1 has no message expiry. */
  ttl_s: z.int().min(1).max(86_400),
};

const terminalUserShape = {
  device_id: deviceIdSchema,
  /** The terminal's user id. */
  user: z.string().regex(/^[A-Za-z0-9]{1,24}$/, 'must be 1 to 24 letters and digits'),
};
const terminalNameSchema = z
  .string()
  .max(24)
  .regex(/^[^\p{Cc}=&]*$/u, 'must hold no control character, "=" or "&"');

/** Arguments of each `down/cmd/<name>`. A new command is one entry here and one handler in the gateway. */
export const commandArgsSchemas = {
  ping: z.strictObject({}),
  /** Sends every row from `from_seq` again; for a central restored from a backup. */
  replay: z.strictObject({ from_seq: seqSchema }),
  log_level: z.strictObject({
    level: z.enum(['trace', 'debug', 'info', 'warn', 'error']),
    /** Minutes until the configured level returns. */
    minutes: z.int().min(1).max(240),
  }),
  /** Changes whom a terminal knows. Nothing in it can end a line or a field of a terminal's protocol. */
  terminal_user: z.discriminatedUnion('action', [
    z.strictObject({ action: z.literal('put'), ...terminalUserShape, name: terminalNameSchema }),
    z.strictObject({ action: z.literal('remove'), ...terminalUserShape }),
    /** Deletes fingers, palms and faces of a user; the user and the log stay. */
    z.strictObject({ action: z.literal('forget_biometrics'), ...terminalUserShape }),
  ]),
  /** Takes fingers at a scanner; the answer only says that it has begun, events say how it goes on. */
  enroll: enrollArgsSchema,
  enroll_cancel: z.strictObject({ enrollment_id: z.guid() }),
} as const;

export type CommandName = keyof typeof commandArgsSchemas;
export const COMMAND_NAMES = Object.keys(commandArgsSchemas) as CommandName[];

export const commandSchema = z.strictObject({ ...requestShape, args: z.unknown() });
export type Command = z.infer<typeof commandSchema>;

/** `up/rsp/<name>`. */
export const commandResponseSchema = z.strictObject({
  v: contractVersionSchema,
  id: z.string().max(64),
  status: z.enum(['ok', 'error']),
  error: z.strictObject({ code: z.string().max(64), message: z.string().max(500) }).optional(),
  data: z.unknown().optional(),
});
export type CommandResponse = z.infer<typeof commandResponseSchema>;

/** True once the command's time to live is over. A command from the future is not expired by that. */
export function isExpired(command: Pick<Command, 'issued_at' | 'ttl_s'>, nowMs: number): boolean {
  return nowMs > Date.parse(command.issued_at) + command.ttl_s * 1000;
}
