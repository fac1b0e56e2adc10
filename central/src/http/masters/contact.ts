import * as z from 'zod';

/** How somebody is reached; stored sealed, shown to those who may. */
export const contactSchema = z.strictObject({
  phone: z
    .string()
    .regex(/^\+[1-9]\d{6,14}$/, 'must be a number with its country, written +919848012345')
    .optional(),
  email: z.email().max(200).optional(),
});
