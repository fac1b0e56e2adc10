import * as z from 'zod';
import { hasLeft, STUDENT_STATUSES } from '../../roster/student-statuses.js';
import { pageQuery } from '../cursor.js';
import { versionField } from '../masters/master-contract.js';
import { dateFilter, instant, uuid } from './fields.js';

const status = z
  .enum(STUDENT_STATUSES)
  .describe(
    'suspended_disciplinary and withdrawn_medical: marked as SUSPENDED_MARK and WITHDRAWN_MARK say. dropped and graduated: in no group from then on',
  );
const reason = z
  .string()
  .trim()
  .min(1)
  .max(255)
  .describe('The order or the letter by which; of a withdrawal never the illness');

export const studentStatusSchema = z.strictObject({
  id: z.guid(),
  student: z.strictObject({ id: z.guid(), roll_number: z.string(), name: z.string() }),
  status,
  valid_from: z.iso.date(),
  valid_until: z.iso.date().nullable().describe('The day after its last; null: no end'),
  reason: z.string(),
  entered_by: z.string().nullable().describe('Name of the account; null: the system'),
  entered_at: instant,
  ended_by: z.string().nullable().describe('Who gave it another end, or withdrew it'),
  ended_at: instant.nullable(),
  withdrawn_at: instant.nullable().describe('It was a mistake, and has not held since'),
  version: z.int(),
});
export type StudentStatusItem = z.infer<typeof studentStatusSchema>;

export const studentStatusesQuery = z.strictObject({
  ...pageQuery,
  student: uuid.optional(),
  status: z.enum(STUDENT_STATUSES).optional(),
  on: dateFilter.optional().describe('Only those that hold on this date'),
});

export const studentStatusBody = z
  .strictObject({
    student: uuid,
    status,
    valid_from: dateFilter,
    valid_until: dateFilter.nullable().default(null).describe('The day after its last; null: no end'),
    reason,
  })
  .refine(({ valid_from: from, valid_until: until }) => until === null || from < until, {
    path: ['valid_until'],
    message: 'must be after valid_from',
  })
  .refine(({ status: wanted, valid_until: until }) => until === null || !hasLeft(wanted), {
    path: ['valid_until'],
    message: 'nobody knows when who has left comes back: leave it out, and end the status then',
  });

export const endStudentStatusBody = z.strictObject({
  valid_until: dateFilter.describe('The first day on which it no longer holds, earlier or later than before'),
  reason,
  version: versionField,
});
export const withdrawStudentStatusBody = z.strictObject({ reason, version: versionField });
