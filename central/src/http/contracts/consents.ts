import * as z from 'zod';
import { CONSENT_PURPOSES } from '../../consent/consents.js';
import { pageQuery } from '../cursor.js';
import { flagFilter, instant, uuid } from './fields.js';

const whose = z.strictObject({ id: z.guid(), roll_number: z.string() });

export const consentSchema = z.strictObject({
  id: z.guid(),
  student: whose,
  purpose: z.enum(CONSENT_PURPOSES),
  actor: z.enum(['self', 'guardian']),
  guardian: z.guid().nullable(),
  channel: z.enum(['page', 'paper', 'office']),
  notice_version: z.string(),
  language: z.enum(['en', 'te', 'hi']),
  granted_at: instant,
  revoked_at: instant.nullable(),
});
export type ConsentItem = z.infer<typeof consentSchema>;

export const consentsQuery = z.strictObject({
  ...pageQuery,
  student: uuid.optional(),
  purpose: z.enum(CONSENT_PURPOSES).optional(),
  live: flagFilter.optional(),
});

export const consentBody = z
  .strictObject({
    student: uuid,
    purpose: z.enum(CONSENT_PURPOSES),
    actor: z.enum(['self', 'guardian']),
    guardian: uuid.nullable().default(null),
    channel: z.enum(['page', 'paper', 'office']),
    notice_version: z.string().trim().min(1).max(50),
    notice_sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 of the text that was shown, in hex'),
    language: z.enum(['en', 'te', 'hi']).default('en'),
  })
  .refine(({ actor, guardian }) => (actor === 'guardian') === (guardian !== null), {
    path: ['guardian'],
    message: 'must be given for the actor guardian, and only then',
  });

/** What is known of a template; never its bytes. */
export const templateSchema = z.strictObject({
  id: z.guid(),
  student: whose,
  finger_position: z.int(),
  format: z.string(),
  quality_score: z.number().nullable().describe('0 to 1; null: the module that made it does not tell'),
  state: z.enum(['active', 'revoked']),
  consent: z.guid(),
  enrolled_at: instant,
  last_used_at: instant
    .nullable()
    .describe(
      'When this finger was last recognized; null: never since, or only where it is not told which finger it was (terminals)',
    ),
  deployments: z.array(
    z.strictObject({ gateway: z.string(), state: z.enum(['pushed', 'acked', 'removing', 'removed']) }),
  ),
});
export type TemplateItem = z.infer<typeof templateSchema>;

export const templatesQuery = z.strictObject({
  ...pageQuery,
  student: uuid.optional(),
  state: z.enum(['active', 'revoked']).optional(),
});

export const enrollBody = z.strictObject({ student: uuid, finger_position: z.int().min(1).max(10) });
export const enrollableSchema = z.strictObject({
  student: z.guid(),
  finger_position: z.int(),
  consent: z.guid().describe('The consent that the template will hang on'),
  replaces: z
    .guid()
    .nullable()
    .describe('A template of this finger that there is already; one of the same format gives way'),
});
export const revokeTemplateBody = z.strictObject({ reason: z.string().trim().min(3).max(255) });
