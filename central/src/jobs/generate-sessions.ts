import { dateAt, plusDays } from '../calendar/campus-zone.js';
import { campusZone, generateSessions } from '../calendar/generate.js';
import type { Job } from './job.js';

/** Days that are made up for after central was down: gateways still hold their punches. */
const CATCH_UP_DAYS_MAX = 7;

/**
 * Class sessions up to tomorrow. Hourly rather than at midnight: it repeats without effect, follows a
 * timetable that changed, and asks nobody in which zone midnight is.
 */
export const generateSessionsJob: Job = {
  name: 'generate-sessions',
  title: 'Makes the class sessions of today and tomorrow from the timetable',
  everyMinutes: 60,
  async run({ db: { knex }, clock }) {
    const zone = await campusZone(knex);
    if (zone === undefined) return undefined;
    const nowMs = clock.wallMs();
    const today = dateAt(nowMs, zone);
    const tomorrow = plusDays(today, 1);
    const last = (
      await knex('attendance_session').max<{ date: string | null }[]>('scheduled_date as date')
    )[0]?.date;
    let created = 0;
    const missedFrom = last == null ? undefined : plusDays(last, 1);
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
