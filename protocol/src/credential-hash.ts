import * as z from 'zod';

/** Air interfaces and number formats that a credential can have; the prefix of its canonical form. */
export const TECHNOLOGIES = [
  'em4100',
  'iso14443a',
  'iso14443b',
  'felica',
  'iso15693',
  'uhf',
  'wiegand26',
  'wiegand34',
  'wiegand35',
  'wiegand37',
  'number32',
  'cardfile',
] as const;
export type Technology = (typeof TECHNOLOGIES)[number];
export const technologySchema = z.enum(TECHNOLOGIES);

/** Strongest first: all bits of the card, its lowest 32, or the 24 payload bits of a 26-bit Wiegand frame. */
export const PROJECTIONS = ['full', 'u32', 'w26'] as const;
export type Projection = (typeof PROJECTIONS)[number];

/** HMAC-SHA-256 under the campus card key, lower-case hex. */
const hashSchema = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');

export const credentialProjectionHashSchema = z.strictObject({
  projection: z.enum(PROJECTIONS),
  hash: hashSchema,
});
export type CredentialProjectionHash = z.infer<typeof credentialProjectionHashSchema>;

/** Keyed hashes of one card, each projection at most once. */
export const projectionHashesSchema = z
  .array(credentialProjectionHashSchema)
  .min(1)
  .max(PROJECTIONS.length)
  .refine(
    (hashes) => new Set(hashes.map(({ projection }) => projection)).size === hashes.length,
    'must hold each projection once',
  );

/** What a reader saw, as it may leave the gateway: keyed hashes, never the number itself. */
export const readHashSchema = z.strictObject({
  technology: technologySchema,
  hashes: projectionHashesSchema,
});
export type ReadHash = z.infer<typeof readHashSchema>;
