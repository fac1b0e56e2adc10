import { dateAt, plusDays } from '../calendar/campus-zone.js';
import { campusZone } from '../calendar/generate.js';
import { refreshOutlook } from '../statistics/outlook.js';
import { recountPeriod } from '../statistics/recount.js';
import type { Job } from './job.js';

/** Marks of a period that is over still change while corrections are decided. */
const DAYS_AFTER_PERIOD = 60;

/**
 * Counts every period that can still change anew, once a campus-local day (domain case 145). Looked at every hour
 * and at start: a night on which central was down is made up for in the morning.
 */
export const recountStatisticsJob: Job = {
  name: 'recount-statistics',
  title: 'Counts the statistics anew from the marks, compares, and plans what is still to come',
  everyMinutes: 60,
  async run({ db: { knex }, clock }) {
    const zone = await campusZone(knex);
    if (zone === undefined) return undefined;
    const nowMs = clock.wallMs();
    const date = dateAt(nowMs, zone);
    if ((await knex('statistics_recount').where({ date }).first('id')) !== undefined) return undefined;
    const periods: string[] = await knex('academic_period')
      .where('starts_on', '<=', date)
      .where('ends_on', '>=', plusDays(date, -DAYS_AFTER_PERIOD))
      .orderBy('id')
      .pluck('id');
    let compared = 0;
    let different = 0;
    for (const period of periods) {
      const { rowsCompared, rowsDifferent } = await recountPeriod(knex, period, nowMs);
      compared += rowsCompared;
      different += rowsDifferent;
    }
    await knex('statistics_recount')
      .insert({
        date,
        finished_at: new Date(clock.wallMs()),
        rows_compared: compared,
        rows_different: different,
      })
      .onConflict('date')
      .ignore();
    await refreshOutlook(knex, nowMs);
    return `${compared} rows compared, ${different} different`;
  },
};
