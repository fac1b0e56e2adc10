import * as z from 'zod';
import { SESSION_STATUSES } from '../../rules/facts.js';
import { pageQuery } from '../cursor.js';
import { dateFilter, flagFilter, instant, keyFilter, named } from './fields.js';

export const countsSchema = z.strictObject({
  present: z.int(),
  late: z.int(),
  absent: z.int(),
  excused: z.int(),
  pending: z.int(),
});

export const sessionSchema = z.strictObject({
  id: z.guid(),
  course: z.strictObject({ code: z.string(), title: z.string() }),
  section: named,
  faculty: z.strictObject({ code: z.string(), name: z.string() }),
  room: named,
  building: named,
  scheduled_date: z.iso.date(),
  start_at: instant,
  end_at: instant,
  status: z.enum(SESSION_STATUSES),
  counts: countsSchema,
  waiting_for: z
    .array(z.string())
    .describe('Gateways whose devices have not reported past the end of this closed session'),
  version: z.int(),
});
export type SessionItem = z.infer<typeof sessionSchema>;

export const sessionDetailSchema = sessionSchema.extend({
  actual_start_at: instant.nullable(),
  actual_end_at: instant.nullable(),
  auto_opened: z.boolean(),
  auto_closed: z.boolean(),
  notes: z.string(),
  policy: z
    .looseObject({ id: z.string(), rules_version: z.int() })
    .describe('The limits in force for this session'),
});

export const sessionsQuery = z.strictObject({
  ...pageQuery,
  scheduled_date: dateFilter.optional(),
  start_date: dateFilter.optional(),
  end_date: dateFilter.optional(),
  status: z.enum(SESSION_STATUSES).optional(),
  room: keyFilter.optional(),
  building: keyFilter.optional(),
  section: keyFilter.optional(),
  faculty: keyFilter.optional(),
  now: flagFilter
    .optional()
    .describe('Only sessions whose captures count at this moment, and those that are open'),
});

export const changeBody = z.strictObject({
  version: z.int().min(1).optional().describe('The version you saw; another one is answered with STALE'),
  reason: z.string().trim().max(255).optional(),
});
