import { studentRefSchema } from '@rollcall/protocol/punch';
import * as z from 'zod';
import { CREDIT_KINDS } from '../../statistics/credits.js';
import { pageQuery } from '../cursor.js';
import { dateFilter, instant, keyFilter, uuid } from './fields.js';

/** More than any college examines in one course. */
const LIST_MAX = 2_000;
const PERIODS_MAX = 40;

const periods = z.int().min(0).max(PERIODS_MAX);
const reason = z.string().trim().min(1).max(255);

export const creditSchema = z.strictObject({
  id: z.guid(),
  student: z.strictObject({ id: z.guid(), roll_number: z.string(), name: z.string() }),
  academic_period: z.string(),
  kind: z.enum(CREDIT_KINDS),
  course: z.string().nullable(),
  exam_date: z.iso.date().nullable(),
  held_periods: z.int(),
  attended_periods: z.int(),
  reason: z.string(),
  booked_by: z.string().nullable().describe('Name of the account; null: the system'),
  booked_at: instant,
});
export type CreditItem = z.infer<typeof creditSchema>;

export const creditsQuery = z.strictObject({
  ...pageQuery,
  student: uuid.optional(),
  academic_period: keyFilter.optional(),
  course: keyFilter.optional(),
  kind: z.enum(CREDIT_KINDS).optional(),
});

const occasion = {
  academic_period: keyFilter,
  kind: z.enum(CREDIT_KINDS),
  course: keyFilter.nullable().default(null),
  exam_date: dateFilter.nullable().default(null),
  roll_numbers: z
    .array(studentRefSchema)
    .min(1)
    .max(LIST_MAX)
    .refine((rolls) => new Set(rolls).size === rolls.length, 'must not name one twice')
    .describe('Those who sat the examination'),
  reason,
};
type Named = { kind: (typeof CREDIT_KINDS)[number]; course: string | null; exam_date: string | null };
const namesExam = ({ kind, course, exam_date: date }: Named): boolean =>
  kind !== 'midterm' || (course !== null && date !== null);
const EXAM = { message: 'a mid-term is one of a course on a date: course and exam_date are needed' };

export const bookCreditsBody = z
  .strictObject({
    ...occasion,
    held_periods: periods.default(2),
    attended_periods: periods
      .min(1)
      .default(2)
      .describe('More than held_periods: counted up to what was held'),
  })
  .refine(namesExam, EXAM);
export const bookedSchema = z.strictObject({
  booked: z.int(),
  existing: z.int().describe('Had it already, and have it once'),
});

export const takeBackCreditsBody = z
  .strictObject({
    ...occasion,
    exam_date: occasion.exam_date.describe('Null for a mid-term: as it was booked by hand, without a date'),
  })
  .refine(({ kind, course }) => kind !== 'midterm' || course !== null, {
    message: 'a mid-term is one of a course: course is needed',
  });
export const takenBackSchema = z.strictObject({
  taken_back: z.int().describe('Credits; somebody may have had more than one that was booked by hand'),
  missing: z.int().min(0).describe('Students on the list who had no such credit'),
});
