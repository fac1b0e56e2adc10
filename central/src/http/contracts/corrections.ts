import * as z from 'zod';
import { DECIDER_LEVELS } from '../../auth/decider.js';
import { CORRECTABLE_MARKS, CORRECTION_STATUSES } from '../../corrections/correction-row.js';
import { MARKS } from '../../rules/facts.js';
import { anyOfNames } from '../aliases.js';
import { pageQuery } from '../cursor.js';
import { documentBody } from './documents.js';
import { instant, keyFilter, student, uuid } from './fields.js';

export const correctionSchema = z.strictObject({
  id: z.guid(),
  session: z.strictObject({
    id: z.guid(),
    course: z.strictObject({ code: z.string(), title: z.string() }),
    scheduled_date: z.iso.date(),
    start_at: instant,
  }),
  student,
  from_mark: z.enum(CORRECTABLE_MARKS),
  to_mark: z.enum(CORRECTABLE_MARKS),
  current_mark: z.enum(MARKS).nullable(),
  reason: z.string(),
  has_document: z.boolean(),
  status: z.enum(CORRECTION_STATUSES),
  decider_level: z.enum(DECIDER_LEVELS).describe('Who decides, or somebody above'),
  needs_countersign: z
    .boolean()
    .describe('Approved by whoever made the mark, shortly before the exam list: somebody above signs too'),
  first_approved_by: z.string().nullable(),
  first_approved_at: instant.nullable(),
  requested_by: z.string().nullable(),
  requested_at: instant,
  decided_by: z.string().nullable(),
  decided_at: instant.nullable(),
  decision_note: z.string(),
  decision_id: z.guid().nullable().describe('The decision that the mark then rests on'),
  version: z.int(),
});
export type CorrectionItem = z.infer<typeof correctionSchema>;

export const correctionsQuery = z.strictObject({
  ...pageQuery,
  student: keyFilter.optional().describe('Roll number'),
  session: uuid.optional(),
  status: z.enum(CORRECTION_STATUSES).optional(),
  course: keyFilter.optional(),
  section: keyFilter.optional(),
  decider_level: z.enum(DECIDER_LEVELS).optional(),
});

/** What is left out stays. */
export const correctionChangeBody = z.strictObject({
  version: z.int().min(1).optional(),
  to_mark: z.enum(CORRECTABLE_MARKS).optional(),
  reason: z.string().trim().min(3).max(500).optional(),
  supporting_document: documentBody.optional(),
});

export const correctionBody = z
  .strictObject({
    session_id: uuid.optional(),
    session: uuid.optional().describe('As session_id: one of both'),
    student: keyFilter.optional().describe('Roll number or id; left out, it is your own mark'),
    from_mark: z
      .enum(CORRECTABLE_MARKS)
      .describe('The mark that you saw; another one is answered with STALE'),
    to_mark: z.enum(CORRECTABLE_MARKS),
    reason: z.string().trim().min(3).max(500),
    supporting_document: documentBody.optional(),
  })
  .describe('from_mark and to_mark must differ')
  .meta(anyOfNames('session_id', 'session'));
