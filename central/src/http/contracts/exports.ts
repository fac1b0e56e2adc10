import * as z from 'zod';
import { EXPORT_FORMATS, EXPORT_STATES, exportRequestSchema } from '../../exports/export-request.js';
import { pageQuery } from '../cursor.js';
import { dateFilter, instant } from './fields.js';

const KEYS_MAX = 500;
const keys = z.array(z.string().min(1).max(64)).max(KEYS_MAX).default([]);

/** The seed's clients send none (domain A5): the file and the audit say so. */
const PURPOSE_LEFT_OUT = 'not stated';

export const exportBody = z.strictObject({
  format: z.enum(EXPORT_FORMATS),
  start_date: dateFilter,
  end_date: dateFilter,
  course_sections: keys.describe('Ids of sections, batches or elective groups; empty: all that you may see'),
  students: keys.describe('Roll numbers or ids; empty: everybody whom you may see'),
  include_details: z.boolean().default(true).describe('Every mark'),
  include_statistics: z.boolean().default(true).describe('Each student in each course'),
  include_half_days: z
    .boolean()
    .default(false)
    .describe('Forenoons and afternoons of each student; in a csv nothing else goes with it'),
  purpose: z
    .string()
    .trim()
    .min(3)
    .max(200)
    .default(PURPOSE_LEFT_OUT)
    .describe('What it is needed for; stands on the file and in the audit'),
});

export const exportJobSchema = z.strictObject({
  id: z.guid(),
  format: z.enum(EXPORT_FORMATS),
  state: z
    .enum(EXPORT_STATES)
    .describe('queued, running, done; failed, with why; expired: the file is gone after a week'),
  purpose: z.string(),
  request: exportRequestSchema,
  requested_by: z.string().describe('Login'),
  requested_at: instant,
  started_at: instant.nullable(),
  finished_at: instant.nullable(),
  as_of: instant.nullable().describe('The instant whose numbers are in the file'),
  rows_written: z.int().nullable(),
  file_bytes: z.int().nullable(),
  sha256: z.string().nullable(),
  failure: z.string().nullable(),
  file: z.string().nullable().describe('Where it is fetched from, once it is done'),
  version: z.int(),
});
export type ExportJobItem = z.infer<typeof exportJobSchema>;

export const exportJobsQuery = z.strictObject({ ...pageQuery, state: z.enum(EXPORT_STATES).optional() });
