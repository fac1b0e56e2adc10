import * as z from 'zod';
import { proofCode } from './device-bindings.js';
import { instant, keyFilter } from './fields.js';

export const enrollFactorBody = z
  .strictObject({
    password: z.string().min(1).max(200).describe('Asked for again'),
    device_id: z.string().min(8).max(128).optional().describe('The number of the phone that is bound now'),
    code: proofCode.optional().describe('Of the office, for who has no bound phone'),
  })
  .refine(({ device_id: deviceId, code }) => (deviceId === undefined) !== (code === undefined), {
    path: ['device_id'],
    message: 'send either the number of the bound phone or a code of the office',
  });
export const enrolledFactorSchema = z.strictObject({
  otpauth_uri: z.string().describe('With the secret; shown once, for the QR code that the application scans'),
  expires_at: instant.describe('Until then a code has to confirm it'),
});

export const confirmFactorBody = z.strictObject({ code: z.string().trim().min(6).max(16) });

export const removeFactorBody = z.strictObject({
  student: keyFilter.describe('Roll number'),
  reason: z.string().trim().min(3).max(255),
});
export const removedFactorSchema = z.strictObject({
  removed: z.boolean().describe('false: the student had no authenticator application'),
});
