import { tellAffectedFaculty } from '../devices/tell-faculty.js';
import type { Job } from './job.js';

/** Often enough that nobody hears of it in class only (domain case 94). */
export const tellReaderOutagesJob: Job = {
  name: 'tell-reader-outages',
  title: 'Tells faculty before their class that readers of its room are not reachable',
  everyMinutes: 5,
  async run({ db: { knex }, clock }) {
    const told = await tellAffectedFaculty(knex, new Date(clock.wallMs()));
    return told === 0 ? undefined : `${told} faculty members told`;
  },
};
