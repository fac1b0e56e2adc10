import { PUNCH_KINDS } from '@rollcall/protocol/punch';
import * as z from 'zod';
import { MARKS } from '../../rules/facts.js';
import { pageQuery } from '../cursor.js';
import { instant, keyFilter, student } from './fields.js';

export const PUNCH_OUTCOMES = ['recognized', 'unknown', 'ambiguous', 'blocked', 'time_unknown'] as const;

export const punchSchema = z.strictObject({
  id: z.guid(),
  punch_id: z.guid(),
  occurred_at: instant,
  effective_at: instant.nullable(),
  received_at: instant,
  gateway_id: z.string(),
  device_id: z.string(),
  device_name: z.string(),
  room_id: z.string().nullable(),
  room_name: z.string().nullable(),
  building_name: z.string().nullable(),
  kind: z.enum(PUNCH_KINDS),
  outcome: z.enum(PUNCH_OUTCOMES),
  student: student.optional(),
  class_session_id: z.guid().optional().describe('The class session in this room that the capture concerns'),
  mark: z.enum(MARKS).optional(),
});
export type PunchItem = z.infer<typeof punchSchema>;

export const punchesQuery = z.strictObject({
  ...pageQuery,
  gateway: keyFilter.optional(),
  device: keyFilter.optional(),
  student: keyFilter.optional().describe('Roll number'),
  outcome: z.enum(PUNCH_OUTCOMES).optional(),
});
