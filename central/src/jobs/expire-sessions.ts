import { campusZone } from '../calendar/generate.js';
import { expireSessions } from '../sessions/expire-sessions.js';
import type { Job } from './job.js';

export const expireSessionsJob: Job = {
  name: 'expire-sessions',
  title: 'Removes classes, marks and numbers of academic periods whose time of keeping is over',
  everyMinutes: 60,
  async run({ db: { knex }, clock }) {
    const zone = await campusZone(knex);
    if (zone === undefined) return undefined;
    const sessions = await expireSessions(knex, { zone, nowMs: clock.wallMs() });
    return sessions === 0 ? undefined : `${sessions} classes of periods that ended long ago removed`;
  },
};
