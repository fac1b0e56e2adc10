import * as z from 'zod';
import { defineDriver } from './driver.js';
import { terminalOptions } from './terminal/terminal-options.js';
import { PullSession } from './zk-4370/pull-session.js';

export const POLL_SECONDS_MAX = 60;

const options = z.strictObject({
  ...terminalOptions,
  comm_key_file: z
    .string('must be a path')
    .regex(/^(?:\/[^\0]*)?$/, 'must be an absolute path, starting with "/"')
    .default('')
    .meta({
      description: 'File with the Comm Key (digits) of the terminal; empty where its menu has 0.',
    }),
  serial: z.string('must be text').max(32, 'must be at most 32 characters').default('').meta({
    description: 'Serial number on the label. Another terminal at this address is refused; empty takes any.',
  }),
  poll_seconds: z
    .int('must be a whole number of seconds')
    .min(5, 'must be at least 5')
    .max(POLL_SECONDS_MAX, `must be at most ${POLL_SECONDS_MAX}`)
    .default(20)
    .meta({ description: 'How often the log is looked at. New entries are told at once besides.' }),
  set_clock: z.boolean('must be true or false').default(true).meta({
    description: 'Whether a wrong clock is set, once the log is drained and while the own clock is believed.',
  }),
});
export type Zk4370Options = z.infer<typeof options>;

/**
 * Terminals of ZKTeco, eSSL, BioMax and others that are asked on port 4370, by TCP or, old ones, by UDP. Framing, commands and
 * record layouts as in the 4370 note, adrobinoga/zk-protocol and pyzk (fananimi/pyzk, both transports).
 */
export const driver = defineDriver({
  id: 'zk-4370',
  kind: 'terminal',
  title: 'ZKTeco, eSSL and BioMax terminals that are asked (port 4370)',
  hasLights: false,
  isPrivateWire: true,
  ports: 'called',
  adviceWhereAbsent: otherPort,
  link: { baud: 115_200, dtr: false, rts: false, readyWithinMs: 0 },
  silenceLimitMs: 2 * POLL_SECONDS_MAX * 1_000 + 30_000,
  options,
  open: (context) => new PullSession(context),
});

/** By these a host says that nothing takes TCP there; by any other, that it was not reached. */
const WITHOUT_TCP: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ETIMEDOUT']);

/** Who has an old terminal, and wrote what the younger ones speak, is told so where it matters. */
function otherPort(port: string, cause: unknown): string | undefined {
  if (!port.startsWith('tcp:')) return undefined;
  const isWithoutTcp = cause instanceof Error && 'code' in cause && WITHOUT_TCP.has(cause.code);
  const other = isWithoutTcp ? ', and write udp:// instead of tcp:// for an old one that knows no TCP' : '';
  return `No terminal answers at ${port}; check its power, its network and "port" in the configuration${other}`;
}
