import * as z from 'zod';
import { instant } from './fields.js';

export const aliveSchema = z.strictObject({ status: z.literal('ok') });

export const campusSchema = z.strictObject({ id: z.string(), name: z.string(), zone: z.string() });

export const readySchema = z.strictObject({
  status: z.enum(['ready', 'not_ready']),
  checks: z.record(z.string(), z.boolean()).describe('database, migrations, broker'),
});

export const jobsSchema = z.strictObject({
  results: z.array(
    z.strictObject({
      name: z.string(),
      title: z.string(),
      every_minutes: z.int(),
      last_started_at: instant.nullable(),
      last_finished_at: instant.nullable(),
      last_outcome: z.enum(['running', 'done', 'failed']).nullable(),
      last_detail: z.string().nullable(),
      next_run_at: instant,
    }),
  ),
});

export const schemaQuery = z.strictObject({ version: z.enum(['3.0', '3.1']).default('3.1') });
export const openApiSchema = z.looseObject({ openapi: z.string() });

export const closedSchema = z.strictObject({ accepted: z.literal(0) });
