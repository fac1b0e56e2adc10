import * as z from 'zod';
import { pageQuery } from '../cursor.js';
import { flagFilter, instant, keyFilter } from './fields.js';

export const notificationSchema = z.strictObject({
  id: z.guid(),
  kind: z
    .string()
    .describe('leave_decided, correction_decided, mark_improved, mark_corrected, class_elsewhere, …'),
  subject_id: z.string().describe('What it is about; the same kind about the same subject is told once'),
  body: z.looseObject({}),
  created_at: instant,
  read_at: instant.nullable(),
});

export const notificationsQuery = z.strictObject({
  ...pageQuery,
  unread: flagFilter.optional(),
  kind: keyFilter.optional(),
});

export const readAllSchema = z.strictObject({ read: z.int().describe('How many were unread') });
