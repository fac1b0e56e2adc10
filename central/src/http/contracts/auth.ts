import * as z from 'zod';
import { ROLES } from '../../auth/roles.js';
import { instant } from './fields.js';

/** Prefix of everything about signing in. */
export const AUTH = '/api/v1/auth';

export const loginBody = z.strictObject({
  login: z.string().trim().min(1).max(200).describe('Roll number, faculty code or e-mail address'),
  password: z.string().min(1).max(200),
  cookies: z
    .boolean()
    .default(true)
    .describe('false for scripts: no cookies, and the refresh token is in the answer'),
});

export const refreshBody = z.strictObject({
  refresh_token: z.string().min(1).max(200).optional().describe('Scripts; pages send their cookie'),
});

export const passwordBody = z.strictObject({
  current_password: z.string().min(1).max(200),
  new_password: z.string().min(1).max(200),
});

export const accountSchema = z.strictObject({
  id: z.guid(),
  login: z.string(),
  display_name: z.string(),
  student: z.strictObject({ id: z.guid(), roll_number: z.string() }).nullable(),
  faculty_code: z.string().nullable(),
  roles: z.array(
    z.strictObject({
      role: z.enum(ROLES),
      department_id: z.string().nullable(),
      section_id: z.string().nullable(),
    }),
  ),
  permissions: z
    .array(z.string())
    .describe('What any of the roles allows somewhere; rows are checked besides'),
  must_change_password: z.boolean(),
});
export type AccountItem = z.infer<typeof accountSchema>;

export const meSchema = z.strictObject({ account: accountSchema });

export const signedInSchema = z.strictObject({
  account: accountSchema,
  access_token: z.string(),
  expires_at: instant,
  csrf_token: z
    .string()
    .describe('Send it as X-CSRF-Token with every change that is authenticated by cookie'),
  refresh_token: z.string().optional(),
});

export const emptySchema = z.strictObject({});
