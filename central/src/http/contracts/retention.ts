import * as z from 'zod';

const count = z.int().min(0);

export const retentionSchema = z.strictObject({
  years: z.int().describe('ATTENDANCE_DATA_RETENTION_YEARS; a shorter term counts a month after it was set'),
  kept_from: z.iso.date().describe('Academic periods that ended before this day are removed'),
  periods: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      ends_on: z.iso.date(),
      sessions: count,
      records: count,
    }),
  ),
});
