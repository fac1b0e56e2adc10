import { TECHNOLOGIES } from '@rollcall/protocol/credential-hash';
import { PRINTED_FORMS } from '@rollcall/protocol/printed-number';
import * as z from 'zod';
import { CREDENTIAL_STATES } from '../../people/credentials.js';
import { pageQuery } from '../cursor.js';
import { versionField } from '../masters/master-contract.js';
import { instant, uuid } from './fields.js';

const moment = z.iso.datetime({ offset: true });
const reason = z.string().trim().max(255);

/** Never the number: central itself has only its keyed hashes. */
export const credentialSchema = z.strictObject({
  id: z.guid(),
  student: z.strictObject({ id: z.guid(), roll_number: z.string() }),
  technology: z.string(),
  projections: z.array(z.enum(['full', 'u32', 'w26'])).describe('Which parts of a number it is known by'),
  state: z.enum(CREDENTIAL_STATES),
  reason: z.string(),
  valid_from: instant.nullable(),
  valid_until: instant.nullable(),
  version: z.int(),
  updated_at: instant,
});
export type CredentialItem = z.infer<typeof credentialSchema>;

export const credentialsQuery = z.strictObject({
  ...pageQuery,
  student: uuid.optional(),
  state: z.enum(CREDENTIAL_STATES).optional(),
});

const printed = z.string().trim().min(1).max(64);

export const interpretBody = z.strictObject({
  printed: printed.describe('What stands on the card or its leaflet'),
  uid_order: z
    .enum(['be', 'le'])
    .optional()
    .describe('Where it is known to be a UID: the order of its bytes'),
});
export const interpretedSchema = z.strictObject({
  readings: z.array(
    z.strictObject({
      form: z.enum(PRINTED_FORMS),
      technology: z.enum(TECHNOLOGIES),
      card: z.string().describe('Its last digits'),
      preferred: z.boolean(),
    }),
  ),
});

export const assignBody = z
  .strictObject({
    student: uuid,
    card: z.string().max(80).optional().describe('Canonical form, for example em4100:0F00A1B2C3'),
    printed: printed.optional(),
    form: z
      .enum(PRINTED_FORMS)
      .optional()
      .describe('Which reading of `printed` is meant; the preferred one if not given'),
    uid_order: z.enum(['be', 'le']).optional(),
    valid_from: moment.optional().describe('Now if not given; captures of the last 14 days are replayed'),
    reissue: z.boolean().default(false).describe('Take the card from whoever has it'),
    reason: reason.default(''),
  })
  .refine(({ card, printed: number }) => (card === undefined) !== (number === undefined), {
    path: ['card'],
    message: 'give either card or printed',
  });
export const assignedSchema = z.strictObject({
  credential: credentialSchema,
  form: z.enum(PRINTED_FORMS).nullable(),
  replayed: z.int().describe('Punches that found their owner'),
});

export const stateBody = z.strictObject({
  from: moment.optional().describe('Since when; now if not given'),
  reason: reason.min(3),
  version: versionField,
});
export const stateChangedSchema = z.strictObject({
  credential: credentialSchema,
  replayed: z.int().describe('Punches since then that are now something else'),
});

export const pinBody = z.strictObject({ student: uuid, reason: reason.default('') });
export const pinIssuedSchema = z.strictObject({
  credential: credentialSchema,
  pin: z.string().describe('Six digits. Shown this once: central keeps only their keyed hash'),
});
