import { COUNTERS, columns, KEY, SUMMED } from './counted.js';

/** A relation for a FROM clause. */
export interface Relation {
  sql: string;
  bindings: (string | null)[];
}

/** Which classes are counted; nothing given: all of the period. Campus-local dates, both included. */
export interface DateLimits {
  from?: string | undefined;
  until?: string | undefined;
}

/** A condition on `d`, a row of `statistics_due`: keeps a count over dates from looking at everybody. */
export interface Wanted {
  sql: string;
  bindings: (string | null)[];
}

/**
 * Rows with the columns of `attendance_statistics`: those that are kept, or for some dates only the same counted from
 * the records, by the same definition (domain case 141).
 */
export function courseRows({ from, until }: DateLimits, wanted: Wanted): Relation {
  if (from === undefined && until === undefined) return { sql: 'attendance_statistics', bindings: [] };
  return {
    sql: `(SELECT ${columns(KEY)}, ${columns(COUNTERS)},
        present_count + late_count + absent_count + excused_count AS total_sessions, now() AS last_calculated
      FROM (SELECT ${columns(KEY)},
        ${SUMMED}
        FROM (SELECT d.*, 1 AS sign FROM statistics_due d JOIN attendance_session xd ON xd.id = d.session_id
          WHERE (${wanted.sql})
            AND xd.scheduled_date BETWEEN coalesce(?::date, '-infinity') AND coalesce(?::date, 'infinity')) part
        GROUP BY ${columns(KEY)}) sums)`,
    bindings: [...wanted.bindings, from ?? null, until ?? null],
  };
}
