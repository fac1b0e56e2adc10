import { dateAt, plusDays } from '../calendar/campus-zone.js';
import { campusZone } from '../calendar/generate.js';
import type { Knex } from '../db/database.js';
import { settingsOfStudent } from '../leave/settings-of-student.js';
import { AGGREGATE_SHARE_SQL } from '../statistics/aggregate-share.js';
import type { HeldCorrection } from './correction-row.js';

interface Share {
  attended: number;
  held: number;
}

/**
 * Whether the correction lifts the student over a threshold of the examination, shortly before its list is made:
 * then whoever made the mark does not correct it alone (domain case 135).
 */
export async function isDelicate(trx: Knex, request: HeldCorrection, nowMs: number): Promise<boolean> {
  const zone = await campusZone(trx);
  if (zone === undefined) return false;
  const today = dateAt(nowMs, zone);
  const settings = await settingsOfStudent(trx, { studentId: request.student_id, date: today, nowMs });
  const { EXAM_LIST_DATE: listDate, COUNTERSIGN_DAYS: days } = settings;
  if (listDate === 'none' || today > listDate || today < plusDays(listDate, -days)) return false;
  const before = await shareOf(trx, request);
  if (before === undefined) return false;
  const after = changed(before, request, before.periods);
  return [settings.ATTENDANCE_THRESHOLD_PERCENT, settings.CONDONE_THRESHOLD_PERCENT].some(
    (threshold) => !reaches(before, threshold) && reaches(after, threshold),
  );
}

/** Compared as exact integers, as everywhere (domain case 138). */
const reaches = ({ attended, held }: Share, threshold: number): boolean => attended * 100 >= threshold * held;

function changed(share: Share, { from_mark: from, to_mark: to }: HeldCorrection, periods: number): Share {
  return {
    attended: share.attended + periods * (weight(to).attended - weight(from).attended),
    held: share.held + periods * (weight(to).held - weight(from).held),
  };
}

function weight(mark: HeldCorrection['to_mark']): Share {
  if (mark === 'excused') return { attended: 0, held: 0 };
  return { attended: mark === 'absent' ? 0 : 1, held: 1 };
}

/** Undefined where the class has no part in the student's aggregate. */
async function shareOf(
  trx: Knex,
  request: HeldCorrection,
): Promise<(Share & { periods: number }) | undefined> {
  const { rows } = await trx.raw<{ rows: { attended: number; held: number; periods: number }[] }>(
    `SELECT ${AGGREGATE_SHARE_SQL}, s.period_count AS periods
     FROM attendance_session s JOIN course c ON c.code = s.course_code
       JOIN aggregate_statistics a ON a.academic_period_id = s.academic_period_id AND a.student_id = ?::uuid
     WHERE s.id = ?::uuid AND s.counts_in_denominator AND c.counts_in_aggregate`,
    [request.student_id, request.session_id],
  );
  return rows[0];
}
