import * as z from 'zod';
import { DECIDER_LEVELS } from '../../auth/decider.js';
import { ITEM_DECISIONS } from '../../exceptions/item-rules.js';
import { pageQuery } from '../cursor.js';
import { flagFilter, instant, keyFilter, student, uuid } from './fields.js';

const itemId = z.string().regex(/^\d{1,15}$/, 'must be the id of an item');
export const itemParams = z.strictObject({ id: itemId });

export const itemSchema = z.strictObject({
  id: z.string(),
  at: instant,
  code: z.string(),
  message: z.string().describe('What it is about and what to do'),
  gateway_id: z.string().nullable(),
  session: z
    .strictObject({ id: z.guid(), course_code: z.string(), scheduled_date: z.iso.date(), start_at: instant })
    .nullable(),
  student: student.nullable(),
  detail: z.looseObject({}),
  decisions: z.array(z.enum(ITEM_DECISIONS)).describe('What can be answered'),
  decider_level: z.enum(DECIDER_LEVELS),
  resolved_at: instant.nullable(),
  resolved_by: z.string().nullable().describe('Null also where it resolved itself'),
  decision: z.string(),
  decision_reason: z.string(),
});
export type ExceptionItem = z.infer<typeof itemSchema>;

export const itemsQuery = z.strictObject({
  ...pageQuery,
  code: keyFilter.optional(),
  open: flagFilter.optional(),
  session: uuid.optional(),
  student: keyFilter.optional().describe('Roll number'),
  gateway: keyFilter.optional(),
});

const mark = z.enum(['present', 'absent', 'late', 'excused']);
const STATEMENTS_MAX = 1_000;

export const resolveBody = z.strictObject({
  decision: z.enum(ITEM_DECISIONS),
  reason: z.string().trim().min(3).max(255),
  mark: mark.optional().describe('For decision "mark"'),
  marks: z
    .array(z.strictObject({ student: keyFilter.describe('Roll number or id'), mark }))
    .max(STATEMENTS_MAX)
    .optional()
    .describe('For decision "statement"'),
});
