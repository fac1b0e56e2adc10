import * as z from 'zod';
import { defineDriver } from './driver.js';
import { terminalOptions } from './terminal/terminal-options.js';
import { POLL_SECONDS, PushSession } from './zk-push/push-session.js';

const options = z
  .strictObject({
    ...terminalOptions,
    manage_users: z.enum(['off', 'classes', 'campus'], 'must be off, classes or campus').default('off').meta({
      description:
        'Whether its users follow the roster. `off`: they are looked after by hand or by other software, which would undo it. `classes`: everybody with a card or a finger who has class in the building, from the day before the first of them until the roster has no card and no finger of his. `campus`: everybody who has a card or a finger on the roster. Needs `user_ids: roll_number`.',
    }),
    delete_strangers: z.boolean('must be true or false').default(false).meta({
      description:
        '`true`: users of the terminal are deleted who are no administrators and have neither a card nor a finger on the roster, nor a class in the building today or tomorrow; students without any of that, too. Needs `manage_users`.',
    }),
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
  })
  .refine(({ manage_users: manages, user_ids: ids }) => manages === 'off' || ids === 'roll_number', {
    path: ['manage_users'],
    message: 'needs user_ids: roll_number, or nobody knows who its users are',
  })
  .refine(({ manage_users: manages, delete_strangers: deletes }) => manages !== 'off' || !deletes, {
    path: ['delete_strangers'],
    message: 'needs manage_users: classes or campus',
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
