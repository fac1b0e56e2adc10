import * as z from 'zod';
import { FINGER_ALTERNATIVES } from '../../rules/facts.js';
import { pageQuery } from '../cursor.js';
import { versionField } from '../masters/master-contract.js';
import { dateFilter, instant, uuid } from './fields.js';

const way = z
  .enum(FINGER_ALTERNATIVES)
  .describe(
    'What stands in for the finger. card_pin: a card with its PIN; faculty: the faculty member confirms',
  );

export const exemptionSchema = z.strictObject({
  id: z.guid(),
  student: z.strictObject({ id: z.guid(), roll_number: z.string(), name: z.string() }),
  way,
  valid_from: z.iso.date(),
  valid_until: z.iso.date().nullable().describe('The day after its last; null: no end'),
  granted_by: z.string().nullable().describe('Name of the account; null: the system'),
  granted_at: instant,
  ended_by: z.string().nullable(),
  ended_at: instant.nullable(),
  version: z.int(),
});
export type ExemptionItem = z.infer<typeof exemptionSchema>;

export const exemptionsQuery = z.strictObject({
  ...pageQuery,
  student: uuid.optional(),
  on: dateFilter.optional().describe('Only those that hold on this date'),
});

/** No reason on purpose: it would be about the health of a person. */
export const exemptionBody = z
  .strictObject({
    student: uuid,
    way,
    valid_from: dateFilter,
    valid_until: dateFilter.nullable().default(null).describe('The day after its last; null: no end'),
  })
  .refine(({ valid_from: from, valid_until: until }) => until === null || from < until, {
    path: ['valid_until'],
    message: 'must be after valid_from',
  });

export const endExemptionBody = z.strictObject({
  valid_until: dateFilter.describe(
    'The first day on which the student is no longer exempt; valid_from: it was a mistake',
  ),
  version: versionField,
});
