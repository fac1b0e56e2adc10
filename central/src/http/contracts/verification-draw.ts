import * as z from 'zod';
import { instant, student } from './fields.js';

export const drawSchema = z.strictObject({
  students: z
    .array(
      z.strictObject({
        student,
        unverified_in: z.strictObject({ session_id: z.guid(), course: z.string(), start_at: instant }),
      }),
    )
    .describe('At most five, drawn by lot: look whether they are there'),
});
