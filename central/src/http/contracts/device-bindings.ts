import * as z from 'zod';
import { keyFilter } from './fields.js';

const reason = z.string().trim().min(3).max(255);

export const rebindBody = z.strictObject({
  device_id: z.string().min(8).max(128).describe('The number of the new phone, as scans send it'),
  password: z.string().min(1).max(200).describe('Asked for again: a phone left open must not bind another'),
});
export const rebindSchema = z.strictObject({
  changes_left: z.int().describe('In this academic period, without the office'),
});

export const releaseBody = z.strictObject({ student: keyFilter.describe('Roll number'), reason });
export const releaseSchema = z.strictObject({
  released: z.boolean().describe('false: the student had no phone'),
});

export const sharedPhoneBody = z.strictObject({ student: keyFilter.describe('Roll number'), reason });
