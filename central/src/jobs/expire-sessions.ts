import { campusZone } from '../calendar/generate.js';
import { loadSettings } from '../calendar/settings.js';
import { expireSessions, keptFrom } from '../sessions/expire-sessions.js';
import type { Job } from './job.js';

export const expireSessionsJob: Job = {
  name: 'expire-sessions',
  title: 'Removes classes, marks and numbers of academic periods whose time of keeping is over',
  everyMinutes: 60,
  async run({ db: { knex }, clock }) {
    const zone = await campusZone(knex);
    if (zone === undefined) return undefined;
    const nowMs = clock.wallMs();
    const { day } = keptFrom(await loadSettings(knex), zone, nowMs);
    const sessions = await expireSessions(knex, { beforeDay: day, nowMs });
    return sessions === 0 ? undefined : `${sessions} classes of periods that ended before ${day} removed`;
  },
};
