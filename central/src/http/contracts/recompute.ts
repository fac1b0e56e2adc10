import * as z from 'zod';
import { MARKS } from '../../rules/facts.js';
import { dateFilter, instant } from './fields.js';

const share = z.strictObject({ attended: z.int(), held: z.int() });

export const recomputeSchema = z.strictObject({
  applied: z.boolean(),
  sessions: z.int(),
  restamped: z.int().describe('Class sessions that get another policy'),
  changes: z.array(
    z.strictObject({
      session_id: z.guid(),
      course_code: z.string(),
      roll_number: z.string(),
      name: z.string(),
      from: z.enum(MARKS).nullable(),
      to: z.enum(MARKS),
      from_reason: z.string().nullable(),
      reason: z.string(),
    }),
  ),
  crossing: z
    .array(z.strictObject({ roll_number: z.string(), course_code: z.string(), from: share, to: share }))
    .describe('Who crosses ATTENDANCE_THRESHOLD_PERCENT in a course, in periods'),
});

export const recomputeBody = z.strictObject({
  apply: z.boolean().default(false).describe('False: only says what would change'),
  with_settings: z
    .boolean()
    .default(false)
    .describe('True: with the settings of now instead of those stamped'),
  reason: z.string().trim().max(255).default('').describe('Needed with apply'),
});

export const recomputeRangeBody = recomputeBody.extend({
  start_date: dateFilter,
  end_date: dateFilter,
});

export const markChangesSchema = z.strictObject({
  results: z.array(
    z.strictObject({
      at: instant,
      roll_number: z.string(),
      name: z.string(),
      from: z.enum(MARKS),
      to: z.enum(MARKS),
      from_reason: z.string(),
      reason: z.string(),
      performed_by: z.string().nullable(),
    }),
  ),
});

export const manualShareQuery = z.strictObject({ start_date: dateFilter, end_date: dateFilter });

export const manualShareSchema = z.strictObject({
  max_percent: z.int(),
  results: z.array(
    z.strictObject({
      faculty: z.strictObject({ code: z.string(), name: z.string() }),
      marks: z.int(),
      manual: z.int().describe('Marked by hand while the readers worked'),
      in_outage: z.int().describe('Marked by hand while a reader was down; not counted'),
      exempt: z.int().describe('Marked by hand for students without usable fingers; not counted'),
      is_over: z.boolean(),
    }),
  ),
});
