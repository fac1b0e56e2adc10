import { notifySilent } from '../devices/silence.js';
import type { Job } from './job.js';

/** Twice the period, so that a run that comes late misses none; to be told twice does no harm. */
const LOOK_BACK_MS = 120_000;

export const noticeSilentGatewaysJob: Job = {
  name: 'notice-silent-gateways',
  title: 'Shows gateways as offline that are not heard any more and sent no last will',
  everyMinutes: 1,
  async run({ db: { knex }, clock }) {
    const nowMs = clock.wallMs();
    const ids = await notifySilent(knex, nowMs - LOOK_BACK_MS, nowMs);
    return ids.length === 0 ? undefined : `not heard any more: ${ids.join(', ')}`;
  },
};
