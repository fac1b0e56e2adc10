import * as z from 'zod';
import { HALF_DAYS } from '../../statistics/half-days.js';
import { pageQuery } from '../cursor.js';
import { dateFilter, instant, keyFilter, named, student } from './fields.js';

export const halfDaysQuery = z
  .strictObject({
    ...pageQuery,
    start_date: dateFilter,
    end_date: dateFilter,
    section: keyFilter.optional(),
    student: keyFilter.optional().describe('Roll number'),
  })
  .refine(({ start_date: start, end_date: end }) => start <= end, {
    path: ['end_date'],
    message: 'must not be before start_date',
  });

const half = z
  .enum(HALF_DAYS)
  .describe(
    'present: seen by any reader, the main gate included, or in a class. pending: not everything is known yet. not_required: no class asks for the student',
  );

export const halfDaySchema = z.strictObject({
  date: z.iso.date(),
  section: named,
  student,
  forenoon: half.describe('Before AFTERNOON_STARTS_AT of the programme'),
  afternoon: half,
  first_seen_at: instant.nullable().describe('By a reader'),
  last_seen_at: instant.nullable(),
  attended_half_days: z.int().min(0).max(2),
  required_half_days: z.int().min(0).max(2).describe('Pending ones included'),
});
export type HalfDayItem = z.infer<typeof halfDaySchema>;
