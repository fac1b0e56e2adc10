import * as z from 'zod';
import { pageQuery } from '../cursor.js';
import { versionField } from '../masters/master-contract.js';
import { dateFilter, instant, keyFilter, uuid } from './fields.js';

const reason = z.string().trim().max(255).default('');

export const membershipSchema = z.strictObject({
  id: z.string(),
  section: z.string(),
  student: z.strictObject({ id: z.guid(), roll_number: z.string(), name: z.string() }),
  valid_from: z.iso.date(),
  valid_until: z.iso.date().nullable().describe('The day after its last; null: no end'),
  version: z.int(),
  updated_at: instant,
});
export type MembershipItem = z.infer<typeof membershipSchema>;

/** Sequence numbers beyond this are no ids of ours, and more than a bigint holds would be a fault. */
const membershipId = z.string().regex(/^[1-9]\d{0,14}$/, 'must be the id of a membership');
export const membershipParams = z.strictObject({ id: membershipId });

export const membershipsQuery = z.strictObject({
  ...pageQuery,
  section: keyFilter.optional(),
  student: uuid.optional(),
  on: dateFilter.optional().describe('Only those that hold on this date'),
});

export const joinBody = z
  .strictObject({
    section: keyFilter,
    student: uuid,
    valid_from: dateFilter,
    valid_until: dateFilter.nullable().default(null).describe('The day after its last; null: no end'),
    reason,
  })
  .refine(({ valid_from: from, valid_until: until }) => until === null || from < until, {
    path: ['valid_until'],
    message: 'must be after valid_from',
  });

export const leaveBody = z.strictObject({
  valid_until: dateFilter.describe('The first day on which the student is no longer in the group'),
  reason,
  version: versionField,
});

export const moveBody = z.strictObject({
  section: keyFilter.describe('The group that the student is in from then on'),
  from: dateFilter,
  reason,
  version: versionField,
});
export const movedSchema = z.strictObject({ left: membershipSchema, joined: membershipSchema });
