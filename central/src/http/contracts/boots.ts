import { bootIdSchema, gatewayIdSchema } from '@rollcall/protocol/ids';
import * as z from 'zod';
import { instant } from './fields.js';

export const bootParams = z.strictObject({ id: gatewayIdSchema, boot: bootIdSchema });

export const placeBootBody = z.strictObject({
  first_at: instant.describe(
    'When the first punch of this boot was taken that has no time; the others follow by the monotonic counter',
  ),
  reason: z.string().trim().min(3).max(255),
  apply: z.boolean().default(false).describe('False: only says what would change'),
});
