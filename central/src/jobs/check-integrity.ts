import { checkIntegrity } from '../sessions/check-integrity.js';
import type { Job } from './job.js';

export const checkIntegrityJob: Job = {
  name: 'check-integrity',
  title: 'Looks for classes left open, counts that differ from their marks, and missing marks',
  everyMinutes: 60,
  async run({ db, clock }) {
    const { closed, tallies, records } = await checkIntegrity(db.knex, clock.wallMs());
    if (closed + tallies + records === 0) return undefined;
    return `${closed} classes closed, ${tallies} tallies made right, ${records} missing marks judged`;
  },
};
