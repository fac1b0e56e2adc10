import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';

export const CREDIT_KINDS = ['midterm', 'ncc', 'nss', 'sport', 'other'] as const;
export type CreditKind = (typeof CREDIT_KINDS)[number];

/** What a credit is for; with the student it names one credit. */
export interface CreditOccasion {
  periodId: string;
  kind: CreditKind;
  courseCode: string | null;
  /** Campus-local date of the examination. */
  examDate: string | null;
}

export interface CreditActor {
  accountId: string | null;
  nowMs: number;
  reason: string;
}

interface Row {
  id: string;
  student_id: string;
  academic_period_id: string;
  course_code: string | null;
  kind: CreditKind;
  exam_date: string | null;
  attended_periods: number;
  held_periods: number;
  reason: string;
}

const COLUMNS = `id, student_id, academic_period_id, course_code, kind, exam_date, attended_periods, held_periods, reason`;

/** Names of a list told in one error. */
const TOLD_MAX = 20;

/**
 * Books periods without a class for everybody on a list, once for each (domain case 73): all of it or nothing. Who sat
 * the examination of a course is in a group that has this course, on that date.
 *
 * @returns how many were booked; the others on the list had it already
 * @throws RollcallError `REQUEST_INVALID` for a date outside the period or a course that has no such credit,
 *   `ROWS_REFUSED` for numbers of nobody, for students who do not take the course, and for those who have this credit
 *   with other numbers of periods, or without the date of its examination
 */
export async function bookCredits(
  trx: Knex,
  wanted: CreditOccasion & { rollNumbers: readonly string[]; held: number; attended: number },
  actor: CreditActor,
): Promise<number> {
  await refuseOccasion(trx, wanted);
  const studentIds = await readStudents(trx, wanted.rollNumbers);
  if (wanted.courseCode !== null) await refuseStrangers(trx, wanted, studentIds);
  if (wanted.kind === 'midterm') await refuseUndated(trx, wanted, studentIds);
  const { rows } = await trx.raw<{ rows: Row[] }>(
    `INSERT INTO attendance_credit (student_id, academic_period_id, course_code, kind, exam_date, attended_periods,
       held_periods, reason, booked_by, booked_at)
     SELECT student_id, ?, ?, ?, ?::date, ?, ?, ?, ?::uuid, ?::timestamptz FROM unnest(?::uuid[]) AS t (student_id)
     ORDER BY student_id ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
    [
      wanted.periodId,
      wanted.courseCode,
      wanted.kind,
      wanted.examDate,
      wanted.attended,
      wanted.held,
      actor.reason,
      actor.accountId,
      new Date(actor.nowMs),
      studentIds as never,
    ] as never,
  );
  await refuseOtherNumbers(trx, wanted, studentIds);
  await audit(trx, { action: 'book', rows }, actor);
  return rows.length;
}

/**
 * A mid-term has a date. What was booked by hand in the database, before lists were, has none: it may be this very one, and
 * nobody but a person can tell.
 */
async function refuseUndated(
  trx: Knex,
  { periodId, kind, courseCode }: CreditOccasion,
  studentIds: readonly string[],
): Promise<void> {
  const { rows } = await trx.raw<{ rows: { roll_number: string }[] }>(
    `SELECT DISTINCT st.roll_number FROM attendance_credit k JOIN student st ON st.id = k.student_id
     WHERE k.student_id = ANY(?::uuid[]) AND k.academic_period_id = ? AND k.kind = ? AND k.exam_date IS NULL
       AND k.course_code IS NOT DISTINCT FROM ?::text ORDER BY st.roll_number`,
    [studentIds as never, periodId, kind, courseCode] as never,
  );
  refuseRows(
    'these have this credit already, booked by hand without a date; take it back from them first, with exam_date null',
    rows.map(({ roll_number: roll }) => roll),
  );
}

/** Who has the credit already has it with these numbers, or somebody would believe that they are booked. */
async function refuseOtherNumbers(
  trx: Knex,
  wanted: CreditOccasion & { held: number; attended: number },
  studentIds: readonly string[],
): Promise<void> {
  const { rows } = await trx.raw<{ rows: { roll_number: string }[] }>(
    `SELECT DISTINCT st.roll_number FROM attendance_credit k JOIN student st ON st.id = k.student_id
     WHERE k.student_id = ANY(?::uuid[]) AND k.academic_period_id = ? AND k.kind = ?
       AND k.course_code IS NOT DISTINCT FROM ?::text AND k.exam_date IS NOT DISTINCT FROM ?::date
       AND (k.held_periods, k.attended_periods) <> (?::integer, ?::integer)
     ORDER BY st.roll_number`,
    [
      studentIds as never,
      wanted.periodId,
      wanted.kind,
      wanted.courseCode,
      wanted.examDate,
      wanted.held,
      wanted.attended,
    ] as never,
  );
  refuseRows(
    'these have this credit with other numbers of periods; take it back from them first',
    rows.map(({ roll_number: roll }) => roll),
  );
}

/**
 * Takes the credit of an occasion back from everybody on a list; who has none is left alone. The audit log keeps
 * what it was.
 *
 * @returns how many were taken back, and from how many students: some have copies that were booked by hand
 * @throws RollcallError `ROWS_REFUSED` for numbers of nobody
 */
export async function takeBackCredits(
  trx: Knex,
  { rollNumbers, ...occasion }: CreditOccasion & { rollNumbers: readonly string[] },
  actor: CreditActor,
): Promise<{ credits: number; students: number }> {
  const studentIds = await readStudents(trx, rollNumbers);
  const { rows } = await trx.raw<{ rows: Row[] }>(
    `DELETE FROM attendance_credit WHERE student_id = ANY(?::uuid[]) AND academic_period_id = ? AND kind = ?
       AND course_code IS NOT DISTINCT FROM ?::text AND exam_date IS NOT DISTINCT FROM ?::date RETURNING ${COLUMNS}`,
    [studentIds as never, occasion.periodId, occasion.kind, occasion.courseCode, occasion.examDate] as never,
  );
  await audit(trx, { action: 'take_back', rows }, actor);
  return { credits: rows.length, students: new Set(rows.map((row) => row.student_id)).size };
}

async function refuseOccasion(
  trx: Knex,
  { periodId, kind, courseCode, examDate }: CreditOccasion,
): Promise<void> {
  const period = await trx('academic_period').where({ id: periodId }).first('starts_on', 'ends_on');
  if (period === undefined) throw invalid(`academic_period: there is no academic period ${periodId}`);
  if (examDate !== null && (examDate < period.starts_on || examDate > period.ends_on)) {
    throw invalid(`exam_date: ${periodId} is from ${period.starts_on} to ${period.ends_on}`);
  }
  if (courseCode === null) return;
  const course = await trx('course').where({ code: courseCode }).first('course_type');
  if (course === undefined) throw invalid(`course: there is no course ${courseCode}`);
  if (kind === 'midterm' && course.course_type === 'lab') {
    throw invalid(`course: ${courseCode} is a lab; the mid-term credit is for theory (domain case 73)`);
  }
}

async function readStudents(trx: Knex, rollNumbers: readonly string[]): Promise<string[]> {
  const found: { id: string; roll_number: string }[] = await trx('student')
    .whereIn('roll_number', [...rollNumbers])
    .select('id', 'roll_number');
  const known = new Set(found.map(({ roll_number: roll }) => roll));
  refuseRows(
    'nobody has these roll numbers',
    rollNumbers.filter((roll) => !known.has(roll)),
  );
  return found.map(({ id }) => id);
}

/** Sat the examination: was in a group of that course on the day of it, or for a credit without a date at any time. */
async function refuseStrangers(
  trx: Knex,
  { periodId, courseCode, examDate }: CreditOccasion,
  studentIds: readonly string[],
): Promise<void> {
  const { rows } = await trx.raw<{ rows: { roll_number: string }[] }>(
    `SELECT st.roll_number FROM student st
     WHERE st.id = ANY(?::uuid[]) AND NOT EXISTS (
       SELECT FROM roster_membership m JOIN session_section g ON g.section_id = m.section_id
         JOIN attendance_session s ON s.id = g.session_id
       WHERE m.student_id = st.id AND s.course_code = ? AND s.academic_period_id = ?
         AND m.valid_during @> coalesce(?::date, s.scheduled_date))
     ORDER BY st.roll_number`,
    [studentIds as never, courseCode, periodId, examDate] as never,
  );
  refuseRows(
    `these do not take ${courseCode}${examDate === null ? '' : ` on ${examDate}`}`,
    rows.map(({ roll_number: roll }) => roll),
  );
}

function refuseRows(why: string, rollNumbers: readonly string[]): void {
  if (rollNumbers.length === 0) return;
  const more = rollNumbers.length > TOLD_MAX ? ` and ${rollNumbers.length - TOLD_MAX} more` : '';
  throw new RollcallError(
    'ROWS_REFUSED',
    `Nothing was changed: ${why}: ${rollNumbers.slice(0, TOLD_MAX).join(', ')}${more}`,
  );
}

/** One row for each student (domain case 158). */
async function audit(
  trx: Knex,
  { action, rows }: { action: 'book' | 'take_back'; rows: readonly Row[] },
  { accountId, nowMs, reason }: CreditActor,
): Promise<void> {
  await writeAudit(
    trx,
    rows.map((row) => ({
      at: new Date(nowMs),
      entityType: 'attendance_credit',
      entityId: row.id,
      action,
      performedBy: accountId,
      reason,
      before: action === 'book' ? null : row,
      after: action === 'book' ? row : null,
      studentId: row.student_id,
    })),
  );
}

const invalid = (message: string): RollcallError => new RollcallError('REQUEST_INVALID', message);
