import * as z from 'zod';
import { AUDIT_PROBLEMS } from '../../audit/verify-audit.js';
import { pageQuery } from '../cursor.js';
import { dateFilter, instant, keyFilter, uuid } from './fields.js';

export const auditRowSchema = z.strictObject({
  id: z.string(),
  at: instant,
  entity_type: z.string().describe('The table, or `request` for a refused attempt'),
  entity_id: z.string(),
  action: z.string(),
  performed_by: z.string().nullable().describe('Account id; null for the system itself'),
  performed_by_login: z.string().nullable(),
  actor_role: z.string().nullable(),
  source: z.string(),
  reason: z.string(),
  before: z.unknown(),
  after: z.unknown(),
  session_id: z.guid().nullable(),
  student_id: z.guid().nullable(),
  ip_address: z.string().nullable(),
  user_agent: z.string().nullable(),
  request_id: z.string().nullable(),
});
export type AuditItem = z.infer<typeof auditRowSchema>;

export const auditQuery = z.strictObject({
  ...pageQuery,
  entity_type: keyFilter.optional(),
  entity_id: z.string().min(1).max(300).optional(),
  actor: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Account id or login; `system` for the system itself'),
  action: keyFilter.optional(),
  session: uuid.optional(),
  student: uuid.optional().describe('Id of the student concerned'),
  request_id: keyFilter.optional(),
  start_date: dateFilter.optional().describe('Campus-local'),
  end_date: dateFilter.optional().describe('Campus-local, included'),
});

export const auditRowId = z.string().regex(/^\d{1,15}$/, 'must be the number of an audit row');
export const auditParams = z.strictObject({ id: auditRowId });

export const verifyQuery = z.strictObject({
  start_date: dateFilter.optional().describe('Campus-local day of the seals; thirty days ago if not given'),
  end_date: dateFilter.optional().describe('Included; today if not given'),
});

export const verifySchema = z.strictObject({
  is_whole: z.boolean(),
  seals: z.int(),
  rows: z.int(),
  expired: z.int().describe('Removed by retention, and accounted for'),
  unsealed: z.int().describe('Written since the last seal'),
  head: z
    .string()
    .describe('Note it elsewhere: `rollcall-central audit verify --expect-head` finds a chain cut off'),
  problems_found: z.int(),
  problems: z
    .array(
      z.strictObject({
        kind: z.enum(AUDIT_PROBLEMS),
        seal_id: z.int().nullable(),
        row_id: z.string().nullable(),
        day: z.string().nullable(),
      }),
    )
    .describe('At most 100'),
});
