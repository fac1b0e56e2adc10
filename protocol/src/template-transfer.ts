import * as z from 'zod';
import { fingerPositionSchema } from './finger-position.js';
import { studentRefSchema } from './punch.js';

/** Templates in one answer: with the largest of them still a few megabytes. */
export const TEMPLATES_PER_FETCH_MAX = 100;
/** Base64 characters of one sealed template: three impressions of a finger with both sets of minutiae. */
const SEALED_CHARACTERS_MAX = 65_536;

/** Name and version of the record inside. */
export const templateFormatSchema = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,30}$/);

/**
 * A fingerprint template on its way between gateways. Only gateways have the key to what is sealed: central keeps and
 * forwards it, and can neither read nor match it (design §1, promise 3).
 */
export const sealedTemplateSchema = z.strictObject({
  template_id: z.guid(),
  student_ref: studentRefSchema,
  finger_position: fingerPositionSchema,
  format: templateFormatSchema,
  sealed: z.base64().min(1).max(SEALED_CHARACTERS_MAX),
});
export type SealedTemplate = z.infer<typeof sealedTemplateSchema>;

/** Asks for templates that the roster lists. */
export const templatesWantedSchema = z.strictObject({
  ids: z.array(z.guid()).min(1).max(TEMPLATES_PER_FETCH_MAX),
});

/** What is there of them; one that was revoked meanwhile is left out, and the next roster does not list it. */
export const templatesSentSchema = z.strictObject({
  templates: z.array(sealedTemplateSchema).max(TEMPLATES_PER_FETCH_MAX),
});
