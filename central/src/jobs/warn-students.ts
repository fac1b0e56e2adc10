import { warnStudents } from '../statistics/warn-students.js';
import type { Job } from './job.js';

export const warnStudentsJob: Job = {
  name: 'warn-students',
  title: 'Tells students once, by day, when their attendance falls below 85, 80, 75, 70 or 65 percent',
  everyMinutes: 60,
  async run({ db: { knex }, clock }) {
    const told = await warnStudents(knex, clock.wallMs());
    return told === 0 ? undefined : `${told} students warned`;
  },
};
