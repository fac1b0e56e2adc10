import { dateAt, plusDays } from '../calendar/campus-zone.js';
import { campusZone, generateSessions } from '../calendar/generate.js';
import type { Knex } from '../db/database.js';
import type { Job } from './job.js';

/** Days that are made up for after central was down: gateways still hold their punches. */
const CATCH_UP_DAYS_MAX = 7;

const NAME = 'generate-sessions';

/**
 * Class sessions up to tomorrow. Hourly rather than at midnight: it repeats without effect, follows a
 * timetable that changed, and asks nobody in which zone midnight is.
 */
export const generateSessionsJob: Job = {
  name: NAME,
  title: 'Makes the class sessions of today and tomorrow from the timetable',
  everyMinutes: 60,
  async run({ db: { knex }, clock }) {
    const zone = await campusZone(knex);
    if (zone === undefined) return undefined;
    const nowMs = clock.wallMs();
    const today = dateAt(nowMs, zone);
    const tomorrow = plusDays(today, 1);
    const made = await madeThrough(knex, zone);
    let created = 0;
    const missedFrom = made === undefined ? undefined : plusDays(made, 1);
    if (missedFrom !== undefined && missedFrom < today) {
      const earliest = plusDays(today, -CATCH_UP_DAYS_MAX);
      const from = missedFrom < earliest ? earliest : missedFrom;
      created += (await generateSessions(knex, { from, to: plusDays(today, -1), nowMs })).created;
      created += (await generateSessions(knex, { from: today, to: tomorrow, nowMs })).created;
    } else {
      const range = { from: plusDays(today, -1), to: tomorrow };
      created += (await generateSessions(knex, { ...range, nowMs, endingAfterMs: nowMs })).created;
    }
    return created === 0 ? undefined : `${created} class sessions created`;
  },
};

/**
 * The last day whose classes a run or the seed has made, both up to their tomorrow. Not the day of the latest class of
 * all: a makeup, or a range that a person generated ahead, lies after days that nobody has made.
 */
async function madeThrough(knex: Knex, zone: string): Promise<string | undefined> {
  const run = await knex('job_run')
    .where({ name: NAME })
    .first<{ last_done_at: Date | null } | undefined>('last_done_at');
  const [seeded] = await knex('attendance_session')
    .where({ origin: 'timetable', batch_job_id: null })
    .max<{ date: string | null }[]>('scheduled_date as date');
  const byRun = run?.last_done_at == null ? '' : plusDays(dateAt(run.last_done_at.getTime(), zone), 1);
  const bySeed = seeded?.date ?? '';
  const latest = byRun > bySeed ? byRun : bySeed;
  return latest === '' ? undefined : latest;
}
