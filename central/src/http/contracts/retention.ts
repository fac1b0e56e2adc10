import * as z from 'zod';

/** As far ahead as is told: a shorter term has a month to wait before it counts. */
export const TOLD_DAYS = 60;

export const retentionQuery = z.strictObject({
  years: z.coerce
    .number()
    .int()
    .min(1)
    .max(30)
    .optional()
    .describe('What would be removed if ATTENDANCE_DATA_RETENTION_YEARS were this from now on'),
});

const count = z.int().min(0);

export const retentionSchema = z.strictObject({
  years: z
    .int()
    .describe('The longest ATTENDANCE_DATA_RETENTION_YEARS of the last 30 days, which is what counts today'),
  kept_from: z.iso.date().describe('Academic periods whose last day is before this one are removed today'),
  periods: z
    .array(
      z.strictObject({
        id: z.string(),
        name: z.string(),
        ends_on: z.iso.date(),
        last_day: z.iso.date().describe('The end of the period, or its last class where that is later'),
        sessions: count,
        records: count,
        due_on: z.iso.date().describe('The first day on which a run removes it'),
      }),
    )
    .describe(`What is removed within the next ${TOLD_DAYS} days; never a period that is the current one`),
});
