import { advanceSessions } from '../sessions/advance.js';
import type { Job } from './job.js';

export const advanceSessionsJob: Job = {
  name: 'advance-sessions',
  title: 'Opens, closes, finalizes and locks class sessions that are due',
  everyMinutes: 1,
  async run({ db, clock }) {
    const { opened, closed, finalized, locked } = await advanceSessions(db.knex, clock.wallMs());
    if (opened + closed + finalized + locked === 0) return undefined;
    return `${opened} opened, ${closed} closed, ${finalized} finalized, ${locked} locked`;
  },
};
