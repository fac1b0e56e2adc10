import { dateAt } from '../../calendar/campus-zone.js';
import { campusZone } from '../../calendar/generate.js';
import { expiringPeriods } from '../../sessions/expire-sessions.js';
import { keptFrom, loadTerms, type Term } from '../../sessions/kept-from.js';
import { API } from '../contracts/fields.js';
import { retentionQuery, retentionSchema, TOLD_DAYS } from '../contracts/retention.js';
import { defineRoute } from '../route.js';

const DAY_MS = 86_400_000;

export const previewRetention = defineRoute(
  {
    method: 'get',
    path: `${API}/retention/`,
    operationId: 'previewRetention',
    tag: 'Operations',
    summary:
      'What is removed within two months because its time of keeping is over; nothing is changed by asking',
    access: 'privacy.read',
    query: retentionQuery,
    reply: { schema: retentionSchema },
  },
  async ({ query: { years } }, { db: { knex }, clock }) => {
    const nowMs = clock.wallMs();
    const [set, zone = 'UTC'] = await Promise.all([loadTerms(knex), campusZone(knex)]);
    const terms = years === undefined ? set : [...set, setNow(years, nowMs)];
    const { years: counting, day } = keptFrom(terms, zone, nowMs);
    const days = comingDays(terms, zone, nowMs);
    const latest = days.reduce((max, { kept }) => (kept > max ? kept : max), day);
    const periods = await expiringPeriods(knex, latest);
    return {
      body: {
        years: counting,
        kept_from: day,
        periods: periods.flatMap((period) => {
          const due = days.find(({ kept }) => period.last_day < kept);
          return due === undefined ? [] : [{ ...period, due_on: due.on }];
        }),
      },
    };
  },
);

const setNow = (years: number, nowMs: number): Term => ({
  years,
  fromMs: nowMs,
  untilMs: Number.POSITIVE_INFINITY,
});

/** Today and the days after it, each with the first day of which everything is kept by then. */
function comingDays(terms: readonly Term[], zone: string, nowMs: number): { on: string; kept: string }[] {
  return Array.from({ length: TOLD_DAYS + 1 }, (_, days) => {
    const atMs = nowMs + days * DAY_MS;
    return { on: dateAt(atMs, zone), kept: keptFrom(terms, zone, atMs).day };
  });
}
