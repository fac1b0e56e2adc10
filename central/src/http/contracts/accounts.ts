import * as z from 'zod';
import { ROLES } from '../../auth/roles.js';
import { pageQuery } from '../cursor.js';
import { versionField } from '../masters/master-contract.js';
import { flagFilter, instant, keyFilter, uuid } from './fields.js';

const moment = z.iso.datetime({ offset: true });

export const grantSchema = z.strictObject({
  id: z.guid(),
  role: z.enum(ROLES),
  department: z.string().nullable(),
  section: z.string().nullable(),
  valid_from: instant.nullable().describe('null: from ever'),
  valid_to: instant.nullable().describe('null: without end'),
});

export const managedAccountSchema = z.strictObject({
  id: z.guid(),
  login: z.string(),
  name: z.string(),
  student: z.guid().nullable(),
  faculty: z.string().nullable(),
  guardian: z.guid().nullable(),
  is_active: z.boolean(),
  has_password: z.boolean(),
  must_change_password: z.boolean(),
  roles: z.array(grantSchema).describe('Past, present and future ones'),
  version: z.int(),
  updated_at: instant,
});
export type ManagedAccount = z.infer<typeof managedAccountSchema>;

export const accountsQuery = z.strictObject({
  ...pageQuery,
  q: z.string().trim().min(1).max(100).optional().describe('Only whose login or name has this in it'),
  is_active: flagFilter.optional(),
  role: z.enum(ROLES).optional(),
});

const roleFields = {
  role: z.enum(ROLES),
  department: keyFilter.nullable().default(null),
  section: keyFilter.nullable().default(null),
  valid_from: moment.optional().describe('Now if not given'),
  valid_to: moment.nullable().default(null).describe('The first instant at which it no longer counts'),
};
export const roleBody = z.strictObject(roleFields);
export type RoleBody = z.output<typeof roleBody>;

export const accountBody = z.strictObject({
  login: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .regex(/^[^\s\p{Cc}]+$/u, 'must have no spaces'),
  name: z.string().trim().min(1).max(200),
  student: uuid.nullable().default(null),
  faculty: keyFilter.nullable().default(null),
  guardian: uuid.nullable().default(null),
  roles: z.array(roleBody).max(16).default([]),
});
export const createdAccountSchema = z.strictObject({
  account: managedAccountSchema,
  temporary_password: z.string().describe('Shown once; to be changed at the first sign-in'),
});
export const accountChangeBody = z.strictObject({
  name: z.string().trim().min(1).max(200).optional(),
  is_active: z.boolean().optional().describe('false: signed out everywhere, and cannot sign in'),
  version: versionField,
});
export const temporaryPasswordSchema = z.strictObject({ temporary_password: z.string() });

export const grantParams = z.strictObject({ id: uuid, grant: uuid });
export const endRoleBody = z.strictObject({
  valid_to: moment.optional().describe('Now if not given; a role that has not begun is taken away'),
});
