import { expireEnrollments } from '../enrollment/enrollment-state.js';
import type { Job } from './job.js';

export const expireEnrollmentsJob: Job = {
  name: 'expire-enrollments',
  title: 'Ends enrollments of fingers that no gateway has begun, or that nobody has carried on',
  everyMinutes: 1,
  async run({ db: { knex }, clock }) {
    const ended = await knex.transaction((trx) => expireEnrollments(trx, new Date(clock.wallMs())));
    return ended === 0 ? undefined : `${ended} enrollments have expired`;
  },
};
