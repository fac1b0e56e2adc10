import { RollcallError } from '@rollcall/protocol/errors';
import { visibleAggregates } from '../../auth/scope.js';
import { plusDays } from '../../calendar/campus-zone.js';
import { campusZone } from '../../calendar/generate.js';
import { loadSettings } from '../../calendar/settings.js';
import {
  campusCompleteThrough,
  type DayRow,
  type HalfDayContext,
  halfDayRows,
  halvesOf,
  rollUp,
} from '../../statistics/half-days.js';
import { Conditions } from '../conditions.js';
import { API, toInstantOrNull } from '../contracts/fields.js';
import { type HalfDayItem, halfDaySchema, halfDaysQuery } from '../contracts/half-days.js';
import { decodeCursor, pageFrom, pageOf, shortText } from '../cursor.js';
import { defineRoute } from '../route.js';
import { STATISTICS_TAG } from './statistics.js';

/** A sheet is of a day, a register of a month; what is longer is an export. */
const DAYS_MAX = 31;

/** Where somebody was on each half day says more than any one course: for who sees the aggregate. */
export const listHalfDays = defineRoute(
  {
    method: 'get',
    path: `${API}/statistics/half-days/`,
    operationId: 'listHalfDays',
    tag: STATISTICS_TAG,
    summary:
      'Forenoon and afternoon of each student, for the statutory sheet; no mark of a class follows from it',
    access: 'statistics.read',
    rate: 'statistics',
    query: halfDaysQuery,
    reply: { schema: pageOf(halfDaySchema) },
    errors: ['CONFIG_INVALID'],
  },
  async ({ principal, query }, { db: { knex } }) => {
    const { start_date: from, end_date: until, limit } = query;
    if (plusDays(from, DAYS_MAX) <= until) {
      throw new RollcallError('REQUEST_INVALID', `end_date: at most ${DAYS_MAX} days; export what is longer`);
    }
    const scope = visibleAggregates(principal, 'statistics.read', 'st');
    const conditions = new Conditions()
      .add(scope.sql, ...scope.bindings)
      .equal('g.id', query.section)
      .equal('st.roll_number', query.student);
    const position = decodeCursor(query.cursor, [halfDaySchema.shape.date, shortText, shortText]);
    if (position !== undefined) {
      conditions.add('(d.date, g.id, st.roll_number) > (?::date, ?, ?)', ...position);
    }
    const zone = (await campusZone(knex)) ?? 'UTC';
    const where = { sql: conditions.where, bindings: conditions.bindings as string[] };
    const { sql, bindings } = halfDayRows({ from, until, zone, where, limit: limit + 1 });
    const [settingsAt, completeThroughMs, { rows }] = await Promise.all([
      loadSettings(knex),
      campusCompleteThrough(knex),
      knex.raw<{ rows: DayRow[] }>(sql, bindings as never),
    ]);
    const context: HalfDayContext = { zone, settingsAt, completeThroughMs };
    return {
      body: pageFrom(rows, limit, {
        item: (row) => toItem(row, context),
        position: (row) => [row.date, row.section_id, row.roll_number],
      }),
    };
  },
);

function toItem(row: DayRow, context: HalfDayContext): HalfDayItem {
  const halves = halvesOf(row, context);
  const { attended, required } = rollUp(halves);
  return {
    date: row.date,
    section: { id: row.section_id, name: row.section_name },
    student: { roll_number: row.roll_number, name: row.full_name },
    ...halves,
    first_seen_at: toInstantOrNull(row.first_seen),
    last_seen_at: toInstantOrNull(row.last_seen),
    attended_half_days: attended,
    required_half_days: required,
  };
}
