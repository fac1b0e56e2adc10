import * as z from 'zod';
import { defineDriver } from './driver.js';
import { terminalOptions } from './terminal/terminal-options.js';
import { POLL_SECONDS, PushSession } from './zk-push/push-session.js';

const options = z.strictObject({
  ...terminalOptions,
  time_zone_line: z
    .enum(['none', 'hours', 'minutes'], 'must be none, hours or minutes')
    .default('none')
    .meta({
      description:
        'How this firmware understands `TimeZone=`. `none` leaves the zone that is set in its menu; `hours` is never written for a zone like India that is no whole number of hours.',
    }),
  set_clock: z
    .enum(['off', 'date', 'text', 'number'], 'must be off, date, text or number')
    .default('off')
    .meta({
      description:
        'Whether a wrong clock is set, and how this firmware takes it: `date`: from the Date line of every answer; `text` and `number`: by the command `SET OPTION DateTime`.',
    }),
});
export type ZkPushOptions = z.infer<typeof options>;

/**
 * Terminals of ZKTeco, eSSL, BioMax and others that send their log by HTTP: ADMS, "PUSH", "cloud server". The wire as in
 * the PUSH note and in the public servers s0x90/zkteco-adms, athwari/laravel-zkteco-adms and saifulcoder/adms-server-ZKTeco.
 */
export const driver = defineDriver({
  id: 'zk-push',
  kind: 'terminal',
  title: 'ZKTeco, eSSL and BioMax terminals that push (ADMS)',
  hasLights: false,
  isPrivateWire: true,
  ports: 'http',
  link: { baud: 9600, dtr: false, rts: false, readyWithinMs: 0 },
  // Three polls and half a minute (PUSH note §1.9).
  silenceLimitMs: 3 * POLL_SECONDS * 1_000 + 30_000,
  options,
  open: (context) => new PushSession(context),
});
