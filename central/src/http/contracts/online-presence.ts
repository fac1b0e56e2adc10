import * as z from 'zod';
import { instant, keyFilter } from './fields.js';

export const MEETING_STAYS_MAX = 5_000;

export const meetingBody = z.strictObject({
  tool: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,30}$/, 'must be a short name in lower case, as in bigbluebutton')
    .describe('What the meeting was held with'),
  stays: z
    .array(
      z.strictObject({
        student_id: keyFilter.describe('Roll number or id'),
        joined_at: instant,
        left_at: instant,
      }),
    )
    .min(1)
    .max(MEETING_STAYS_MAX),
});

export const meetingSchema = z.strictObject({
  stored: z.int().describe('Comings and goings that were not known before'),
  problems: z.array(
    z.strictObject({
      index: z.int().describe('Of the stay, from 0'),
      code: z.enum(['NOT_ON_ROSTER', 'TIME_REVERSED', 'TIME_IN_FUTURE']),
    }),
  ),
});
