import { deviceIdSchema, gatewayIdSchema } from '@rollcall/protocol/ids';
import { studentRefSchema } from '@rollcall/protocol/punch';
import * as z from 'zod';
import { pageQuery } from '../cursor.js';
import { instant, student, uuid } from './fields.js';

export const terminalParams = z.strictObject({ id: gatewayIdSchema, device: deviceIdSchema });
export const terminalCommandParams = terminalParams.extend({ command: uuid });

const action = z
  .enum(['put', 'remove', 'forget_biometrics'])
  .describe(
    'put: the terminal is to know this student; remove: not any more; forget_biometrics: their fingers, palms and faces are deleted there, cards and log stay',
  );

export const terminalCommandBody = z
  .strictObject({
    action,
    student: studentRefSchema.optional().describe('Roll number; its name is shown on the display'),
    user: z
      .string()
      .regex(/^[A-Za-z0-9]{1,24}$/, 'must be 1 to 24 letters and digits')
      .optional()
      .describe('User id on the terminal; the roll number unless given'),
  })
  .refine((body) => body.student !== undefined || (body.action !== 'put' && body.user !== undefined), {
    path: ['student'],
    message: 'is missing; a user without a student can only be removed, by the id on the terminal',
  });

export const terminalCommandSchema = z.strictObject({
  id: uuid,
  gateway_id: z.string(),
  device_id: z.string(),
  action,
  user: z.string(),
  student: student.nullable(),
  state: z
    .enum(['sent', 'done', 'failed', 'expired'])
    .describe('expired: nobody answered in time; the gateway does not carry it out any more'),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  requested_at: instant,
  requested_by: z.string().nullable().describe('Login of whoever asked'),
  expires_at: instant,
  answered_at: instant.nullable(),
});

export const terminalCommandsQuery = z.strictObject({
  ...pageQuery,
  student: studentRefSchema.optional(),
});
