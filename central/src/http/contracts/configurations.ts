import * as z from 'zod';
import { SCOPE_KINDS } from '../../rules/settings/spec.js';
import { pageQuery } from '../cursor.js';
import { flagFilter, instant, keyFilter } from './fields.js';

export const configurationSchema = z.strictObject({
  id: z.guid(),
  key: z.string(),
  value: z.string(),
  data_type: z.string(),
  description: z.string(),
  scope_kind: z.enum(SCOPE_KINDS),
  scope_id: z.string(),
  effective_from: instant.nullable().describe('Null: always'),
  is_active: z.boolean(),
  updated_at: instant,
  version: z.int(),
});
export type ConfigurationItem = z.infer<typeof configurationSchema>;

export const configurationHistorySchema = configurationSchema.extend({
  history: z.array(configurationSchema).describe('Every row of this key in this scope, newest first'),
});

export const configurationsQuery = z.strictObject({
  ...pageQuery,
  key: keyFilter.optional(),
  is_active: flagFilter.optional(),
});

export const configurationBody = z.strictObject({
  key: z.string().min(1).max(100),
  value: z.union([z.string().max(500), z.number(), z.boolean()]).transform(String),
  description: z.string().trim().max(500).default(''),
  scope_kind: z.enum(SCOPE_KINDS).default('campus'),
  scope_id: z.string().max(64).default(''),
  effective_from: instant.optional().describe('From now on where it is left out'),
});

export const effectiveQuery = z.strictObject({
  at: instant.optional(),
  programme: keyFilter.optional(),
  course_type: keyFilter.optional(),
});

export const effectiveSchema = z.strictObject({
  at: instant,
  settings: z.array(
    z.strictObject({
      key: z.string(),
      value: z.union([z.string(), z.number(), z.boolean()]),
      default: z.union([z.string(), z.number(), z.boolean()]),
      data_type: z.string(),
      unit: z.string().nullable(),
      min: z.number().nullable(),
      max: z.number().nullable(),
      meaning: z.string(),
    }),
  ),
});
