import { DateTime } from 'luxon';
import { dateAt } from '../calendar/campus-zone.js';
import { campusZone } from '../calendar/generate.js';
import { programmeOfStudentSql } from '../calendar/programme-of-student.js';
import { loadSettings } from '../calendar/settings.js';
import type { Knex } from '../db/database.js';
import { WARNING_KIND } from '../notifications/follow-up.js';
import { type Message, tellStudents } from '../notifications/tell.js';
import { AGGREGATE_SHARE_SQL } from './aggregate-share.js';
import { forecast, shownPercent } from './share.js';
import { WARNING_LEVELS, warnedLevel } from './warning-level.js';

/** Fewer say nothing about a student. */
const HELD_CLASSES_MIN = 5;
/** Hours of the campus in which nobody is woken: from the first to before the second. */
const HOURS = { from: 7, until: 20 } as const;

interface Row {
  student_id: string;
  academic_period_id: string;
  held: number;
  attended: number;
  level: number | null;
  warned: number;
  programme_id: string | null;
}

/**
 * Tells students of the periods in progress how low their attendance has become (domain case 148): not before five held
 * classes, not while anything is pending, not at night.
 *
 * @returns how many were told
 */
export async function warnStudents(knex: Knex, nowMs: number): Promise<number> {
  const zone = await campusZone(knex);
  if (zone === undefined) return 0;
  const { hour } = DateTime.fromMillis(nowMs, { zone });
  if (hour < HOURS.from || hour >= HOURS.until) return 0;
  return knex.transaction(async (trx) => {
    const settingsAt = await loadSettings(trx);
    const today = dateAt(nowMs, zone);
    const { rows } = await trx.raw<{ rows: Row[] }>(LOW_SQL, [today, today, today, HELD_CLASSES_MIN]);
    const messages: Message[] = [];
    const levels: object[] = [];
    for (const row of rows) {
      const settings = settingsAt(nowMs, { programmeId: row.programme_id });
      if (!settings.SEND_ATTENDANCE_NOTIFICATIONS) continue;
      const { level, isNew } = warnedLevel(row, row.level);
      if (level === row.level && !isNew) continue;
      const { student_id, academic_period_id } = row;
      const warned = row.warned + (isNew ? 1 : 0);
      levels.push({ student_id, academic_period_id, level, warned });
      if (isNew)
        messages.push(messageOf(row, { level, warned, percent: settings.ATTENDANCE_THRESHOLD_PERCENT }));
    }
    if (levels.length > 0) await trx.raw(SAVE_SQL, [JSON.stringify(levels)]);
    await tellStudents(trx, messages, nowMs);
    return messages.length;
  });
}

function messageOf(
  row: Row,
  { level, warned, percent }: { level: number | null; warned: number; percent: number },
): Message {
  return {
    kind: WARNING_KIND,
    subjectId: `${row.student_id}/${row.academic_period_id}/${warned}`,
    studentId: row.student_id,
    body: {
      student_id: row.student_id,
      academic_period_id: row.academic_period_id,
      below_percent: level,
      percentage: shownPercent(row),
      threshold_percent: percent,
      attend_next: forecast(row, percent, null).attendNext,
    },
  };
}

/** Who is low, or was; whoever has no account yet is told when there is one. */
const LOW_SQL = `
  SELECT a.student_id, a.academic_period_id, share.held, share.attended, w.level,
    coalesce(w.warned, 0) AS warned,
    (${programmeOfStudentSql('a.student_id', '?::date')}) AS programme_id
  FROM academic_period p JOIN aggregate_statistics a ON a.academic_period_id = p.id
    CROSS JOIN LATERAL (SELECT ${AGGREGATE_SHARE_SQL}) share
    LEFT JOIN attendance_warning w ON w.student_id = a.student_id AND w.academic_period_id = p.id
  WHERE p.starts_on <= ?::date AND p.ends_on >= ?::date AND a.pending_periods = 0
    AND (share.attended * 100 < ${WARNING_LEVELS[0]} * share.held OR w.level IS NOT NULL)
    AND EXISTS (SELECT FROM account u WHERE u.student_id = a.student_id)
    AND (SELECT sum(s.present_count + s.late_count + s.absent_count) FROM attendance_statistics s
         WHERE s.student_id = a.student_id AND s.academic_period_id = p.id
           AND s.course_code IN (SELECT code FROM course WHERE counts_in_aggregate)) >= ?
  ORDER BY a.student_id`;

const SAVE_SQL = `
  INSERT INTO attendance_warning (student_id, academic_period_id, level, warned)
  SELECT student_id, academic_period_id, level, warned
  FROM jsonb_to_recordset(?::jsonb) AS i (student_id uuid, academic_period_id text, level smallint, warned integer)
  ON CONFLICT (student_id, academic_period_id) DO UPDATE SET level = excluded.level, warned = excluded.warned`;
