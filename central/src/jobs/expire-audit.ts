import { expireAudit } from '../audit/expire-audit.js';
import { dateAt, minusYears } from '../calendar/campus-zone.js';
import { campusZone } from '../calendar/generate.js';
import { loadTerms, longestTerm } from '../sessions/kept-from.js';
import { auditKeysOf } from './audit-keys-of.js';
import type { Job } from './job.js';

/** Longer than what they explain (domain F4). */
const YEARS_BEYOND_RECORDS = 1;
const YEARS_MIN = 3;

export const expireAuditJob: Job = {
  name: 'expire-audit',
  title: 'Removes audit rows a year after the records that they explain, and accounts for each',
  everyMinutes: 60,
  async run(context) {
    const { knex } = context.db;
    const zone = await campusZone(knex);
    if (zone === undefined) return undefined;
    const nowMs = context.clock.wallMs();
    const years = longestTerm(await loadTerms(knex), nowMs);
    const beforeDay = minusYears(dateAt(nowMs, zone), Math.max(YEARS_MIN, years + YEARS_BEYOND_RECORDS));
    const rows = await expireAudit(knex, { keys: auditKeysOf(context), clock: context.clock, beforeDay });
    return rows === 0 ? undefined : `${rows} audit rows of before ${beforeDay} removed`;
  },
};
