import * as z from 'zod';
import { DECIDER_LEVELS } from '../../auth/decider.js';
import { COUNTS_AS, LEAVE_STATUSES, LEAVE_TYPES } from '../../leave/leave-row.js';
import { pageQuery } from '../cursor.js';
import { documentBody, documentInfo } from './documents.js';
import { dateFilter, flagFilter, instant, keyFilter, student, uuid } from './fields.js';

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day, written 09:00');
const version = z.int().min(1).optional().describe('The version you saw; another one is answered with STALE');
const reason = z.string().trim().min(3).max(2_000);
const note = z.string().trim().max(500);

export const leaveSchema = z.strictObject({
  id: z.guid(),
  student,
  leave_type: z.enum(LEAVE_TYPES),
  start_date: z.iso.date(),
  end_date: z.iso.date(),
  start_time: z
    .string()
    .nullable()
    .describe('Campus-local; null: whole days. Covers classes that start from here on'),
  end_time: z.string().nullable().describe('… and before this'),
  calendar_days: z.int(),
  working_days: z.int().describe('Without weekly days off and whole holidays of the student'),
  status: z.enum(LEAVE_STATUSES),
  decider_level: z.enum(DECIDER_LEVELS).describe('Who decides, or somebody above'),
  counts_as: z.enum(COUNTS_AS).describe('What an excused class is for the percentage'),
  is_condonation_evidence: z.boolean(),
  affects_attendance: z.boolean(),
  auto_apply_to_sessions: z.boolean(),
  has_document: z.boolean(),
  batch_id: z.guid().nullable(),
  applied_by: z.string().nullable(),
  applied_at: instant,
  decided_by: z.string().nullable(),
  decided_at: instant.nullable(),
  decision_note: z.string(),
  revoked_by: z.string().nullable(),
  revoked_at: instant.nullable(),
  revoke_note: z.string(),
  version: z.int(),
});
export type LeaveItem = z.infer<typeof leaveSchema>;

export const leaveDetailSchema = leaveSchema.extend({
  reason: z.string(),
  document: documentInfo.nullable(),
  classes: z
    .strictObject({ covered: z.int(), attended: z.int() })
    .describe('Classes of these days, and how many the student attended all the same'),
});

export const leavesQuery = z.strictObject({
  ...pageQuery,
  student: keyFilter.optional().describe('Roll number'),
  status: z.enum(LEAVE_STATUSES).optional(),
  leave_type: z.enum(LEAVE_TYPES).optional(),
  decider_level: z.enum(DECIDER_LEVELS).optional(),
  section: keyFilter.optional(),
  batch: uuid.optional(),
  start_date: dateFilter.optional().describe('Leave that reaches this date or a later one'),
  end_date: dateFilter.optional().describe('Leave that reaches this date or an earlier one'),
  has_document: flagFilter.optional(),
  affects_attendance: flagFilter.optional(),
});

const period = z.int().min(1).max(24);
const part = {
  start_time: timeOfDay.optional().describe('With end_time: only classes that start within these times'),
  end_time: timeOfDay.optional(),
  half_day: z.enum(['forenoon', 'afternoon']).optional(),
  periods: z
    .strictObject({ from: period, to: period })
    .optional()
    .describe("Of one day, counted over the student's own classes"),
};

export const leaveBody = z.strictObject({
  student: keyFilter.optional().describe('Roll number or id; left out, it is your own leave'),
  leave_type: z.enum(LEAVE_TYPES),
  start_date: dateFilter,
  end_date: dateFilter,
  ...part,
  reason,
  supporting_document: documentBody.optional(),
  affects_attendance: z.boolean().default(true),
  auto_apply_to_sessions: z.boolean().default(true),
  draft: z.boolean().default(false).describe('Kept for later; nobody is asked yet'),
});

export const leaveChangeBody = z.strictObject({
  version,
  leave_type: z.enum(LEAVE_TYPES).optional(),
  start_date: dateFilter.optional(),
  end_date: dateFilter.optional(),
  ...part,
  whole_days: z.literal(true).optional().describe('Instead of a part of the day'),
  reason: reason.optional(),
  supporting_document: documentBody.optional(),
  affects_attendance: z.boolean().optional(),
  auto_apply_to_sessions: z.boolean().optional(),
  submit: z.boolean().default(false).describe('Makes an application of a draft'),
});

export const decideBody = z.strictObject({ version, decision_note: note.default('') });
export const revokeBody = z.strictObject({ version, decision_note: note.min(3) });

export const batchDecideBody = decideBody.omit({ version: true });
export const batchRevokeBody = revokeBody.omit({ version: true });

export const BATCH_STUDENTS_MAX = 200;

export const leaveBatchBody = z.strictObject({
  title: z.string().trim().min(3).max(200).describe('What the letter is about'),
  students: z.array(keyFilter).min(1).max(BATCH_STUDENTS_MAX).describe('Roll numbers or ids'),
  leave_type: z.enum(['on_duty', 'sport']).default('on_duty'),
  start_date: dateFilter,
  end_date: dateFilter,
  ...part,
  reason,
  supporting_document: documentBody.optional(),
});

export const leaveBatchSchema = z.strictObject({
  id: z.guid(),
  title: z.string(),
  leave_type: z.enum(['on_duty', 'sport']),
  has_document: z.boolean(),
  created_by: z.string().nullable(),
  created_at: instant,
  counts: z.record(z.enum(LEAVE_STATUSES), z.int()).describe('Applications by status'),
  applications: z.array(z.strictObject({ id: z.guid(), student, status: z.enum(LEAVE_STATUSES) })),
});
