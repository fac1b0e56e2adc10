import { dateAt, datesBetween } from '../calendar/campus-zone.js';
import { campusZone, loadPlanner } from '../calendar/generate.js';
import type { Knex } from '../db/database.js';

interface PlannedClass {
  slot_id: string;
  date: string;
}

/**
 * What is still to come of every course of every group until the last period that has begun ends: from the timetable
 * and the calendar, and for classes that are made already from them (domain case 149). Today is counted.
 *
 * @returns how many courses of groups have something to come
 */
export async function refreshOutlook(knex: Knex, nowMs: number): Promise<number> {
  const zone = await campusZone(knex);
  if (zone === undefined) return 0;
  const today = dateAt(nowMs, zone);
  const last = await knex('academic_period')
    .where('starts_on', '<=', today)
    .orderBy('ends_on', 'desc')
    .first('ends_on');
  const planned =
    last === undefined || last.ends_on < today
      ? []
      : await planUntil(knex, { from: today, to: last.ends_on, zone });
  return knex.transaction(async (trx) => {
    await trx('course_outlook').delete();
    const { rows } = await trx.raw<{ rows: object[] }>(OUTLOOK_SQL, [JSON.stringify(planned), today, today]);
    return rows.length;
  });
}

async function planUntil(
  knex: Knex,
  range: { from: string; to: string; zone: string },
): Promise<PlannedClass[]> {
  const plan = await loadPlanner(knex, range);
  const classes: PlannedClass[] = [];
  for (const date of datesBetween(range.from, range.to)) {
    // A day at a time: what else this process does is not held up.
    const { sessions } = plan(date, date);
    classes.push(...sessions.map(({ slotId }) => ({ slot_id: slotId, date })));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return classes;
}

const OUTLOOK_SQL = `
  WITH planned AS (SELECT * FROM jsonb_to_recordset(?::jsonb) AS p (slot_id text, date date)),
  due AS (
    SELECT g.section_id, t.course_code, t.academic_period_id, t.period_count
    FROM planned p JOIN attendance_timetable_slot t ON t.id = p.slot_id
      CROSS JOIN LATERAL (SELECT t.section_id UNION SELECT x.section_id FROM timetable_slot_section x WHERE x.slot_id = t.id) g
      LEFT JOIN attendance_session s ON s.timetable_slot_id = p.slot_id AND s.scheduled_date = p.date
    WHERE s.id IS NULL
    UNION ALL
    SELECT x.section_id, s.course_code, s.academic_period_id, s.period_count
    FROM attendance_session s JOIN session_section x ON x.session_id = s.id
    WHERE s.status = 'scheduled' AND s.scheduled_date >= ?::date AND s.counts_in_denominator
  )
  INSERT INTO course_outlook (section_id, course_code, academic_period_id, remaining_periods, from_date)
  SELECT section_id, course_code, academic_period_id, sum(period_count), ?::date FROM due
  GROUP BY section_id, course_code, academic_period_id
  RETURNING section_id`;
