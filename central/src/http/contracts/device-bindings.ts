import * as z from 'zod';
import { instant, keyFilter } from './fields.js';

const reason = z.string().trim().min(3).max(255);

/** Six digits of an application, or what the office read out. */
export const proofCode = z
  .string()
  .trim()
  .min(6)
  .max(16)
  .describe(
    'Of the authenticator application; of the office for who has none. Left out: the answer says which',
  );

export const rebindBody = z.strictObject({
  device_id: z.string().min(8).max(128).describe('The number of the new phone, as scans send it'),
  password: z.string().min(1).max(200).describe('Asked for again: a phone left open must not bind another'),
  code: proofCode.optional(),
});
export const rebindSchema = z.strictObject({
  changes_left: z.int().describe('In this academic period, without the office'),
});

export const releaseBody = z.strictObject({ student: keyFilter.describe('Roll number'), reason });
export const releaseSchema = z.strictObject({
  released: z.boolean().describe('false: the student had no phone'),
});

export const rebindCodeBody = z.strictObject({ student: keyFilter.describe('Roll number'), reason });
export const rebindCodeSchema = z.strictObject({
  code: z.string().describe('Shown once; for one new phone, or for enrolling an authenticator application'),
  expires_at: instant,
});

export const sharedPhoneBody = z.strictObject({ student: keyFilter.describe('Roll number'), reason });
