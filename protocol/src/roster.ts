import * as z from 'zod';
import { projectionHashesSchema, technologySchema } from './credential-hash.js';
import { contractVersionSchema, gatewayIdSchema, instantSchema } from './ids.js';
import { studentRefSchema } from './punch.js';

/** Students in one roster document: a whole university through one gateway. */
export const ROSTER_STUDENTS_MAX = 100_000;
/** Two fingers of each of them. */
const ROSTER_TEMPLATES_MAX = 200_000;
/** Bytes of one roster document. */
export const ROSTER_BYTES_MAX = 256 * 1024 * 1024;

const versionSchema = z.int().min(1);

/** `down/roster`, retained: where the roster is, never the roster itself (edge §4.5). */
export const rosterPointerSchema = z.strictObject({
  v: contractVersionSchema,
  version: versionSchema,
  /** Absolute, or a path below the central URL that the gateway is configured with. */
  url: z.string().min(1).max(500),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type RosterPointer = z.infer<typeof rosterPointerSchema>;

export const rosterCredentialSchema = z.strictObject({
  technology: technologySchema,
  hashes: projectionHashesSchema,
  state: z.enum(['issued', 'blocked', 'lost', 'returned']),
  valid_from: instantSchema,
  valid_to: instantSchema.nullable(),
});
export type RosterCredential = z.infer<typeof rosterCredentialSchema>;

/** The document the pointer names. Names of people are not in it: a gateway does not need them. */
export const rosterDocumentSchema = z.strictObject({
  v: contractVersionSchema,
  version: versionSchema,
  gateway_id: gatewayIdSchema,
  students: z
    .array(
      z.strictObject({ student_ref: studentRefSchema, credentials: z.array(rosterCredentialSchema).max(16) }),
    )
    .max(ROSTER_STUDENTS_MAX),
  /** Fingerprint templates that the gateway may hold; it removes every other one. Undefined: none. */
  templates: z.array(z.guid()).max(ROSTER_TEMPLATES_MAX).optional(),
});
export type RosterDocument = z.infer<typeof rosterDocumentSchema>;
