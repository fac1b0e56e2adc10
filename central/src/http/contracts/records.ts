import * as z from 'zod';
import { MARKS, SOURCES } from '../../rules/facts.js';
import { pageQuery } from '../cursor.js';
import { instant, keyFilter, student, uuid } from './fields.js';

export const recordSchema = z.strictObject({
  id: z.guid(),
  session_id: z.guid(),
  student,
  mark: z.enum(MARKS),
  letter: z
    .string()
    .nullable()
    .describe('In the register, by the MARK_VOCABULARY of the class; null: not final, or it has none'),
  marked_at: instant.nullable().describe('Effective time of the capture that decided'),
  source: z.enum(SOURCES),
  reason: z.string(),
  version: z.int(),
  updated_at: instant,
});
export type RecordItem = z.infer<typeof recordSchema>;

/** The seed's words (domain A1.7). */
const SYNC_STATUSES = ['pending', 'synced', 'conflict'] as const;

export const recordsQuery = z.strictObject({
  ...pageQuery,
  session: uuid.optional(),
  student: keyFilter.optional().describe('Roll number'),
  mark: z.enum(MARKS).optional(),
  source: z.enum(SOURCES).optional(),
  academic_period: keyFilter.optional(),
  sync_status: z
    .enum(SYNC_STATUSES)
    .optional()
    .describe(
      'conflict: a row of an offline sync waits for a decision of a person. pending: the mark waits for what devices still hold. synced: neither',
    ),
});
export type RecordsQuery = z.infer<typeof recordsQuery>;

export const sessionRecordsQuery = recordsQuery.omit({ session: true });

export const evidenceSchema = z.strictObject({
  punch_id: z.string(),
  kind: z.string(),
  device_id: z.string(),
  device_name: z.string(),
  room_id: z.string().nullable(),
  room_name: z.string().nullable(),
  effective_at: instant.nullable(),
  time_source: z.enum(['gateway_clock', 'clock_offset', 'clock_anchor', 'said', 'unknown']),
  used: z.boolean(),
  why: z.string().nullable().describe('Why it did not count'),
  why_text: z.string().nullable(),
  class_rooms: z
    .array(z.string())
    .describe('Where the class was, if it did not count because of the room; names'),
});

export const explanationSchema = recordSchema.extend({
  /** The reason in one sentence. */
  text: z.string(),
  /** The rule that decided. */
  rule: z.string(),
  rules_version: z.int(),
  policy_version: z.string(),
  limits: z.strictObject({
    accepted_from: instant,
    present_until: instant,
    late_until: instant,
    closes_at: instant,
  }),
  also: z
    .array(z.strictObject({ reason: z.string(), text: z.string() }))
    .describe('Further reasons that would have been enough'),
  flags: z.array(z.strictObject({ flag: z.string(), text: z.string() })),
  decisions: z.array(z.guid()).describe('Decisions of people that it rests on'),
  leave_id: z.guid().nullable(),
  dwell_seconds: z.int().nullable().describe('Inside during the class, where exits are captured'),
  periods: z.strictObject({ held: z.int(), attended: z.int() }).nullable(),
  vocabulary: z.string().describe('The letters of the register when the class was made, and what they mean'),
  evidence: z.array(evidenceSchema).describe('In the order of its time'),
  evidence_more: z.int().describe('How many more captures were ignored than are listed'),
  waiting_for: z.array(z.string()).describe('Gateways that may still have captures for this closed session'),
  history: z
    .array(
      z.strictObject({
        at: instant,
        action: z.string(),
        performed_by: z.string().nullable(),
        reason: z.string(),
        before: z.unknown(),
        after: z.unknown(),
      }),
    )
    .describe('Newest first, at most 50'),
});
export type Explanation = z.infer<typeof explanationSchema>;
