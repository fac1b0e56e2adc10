import { gatewayIdSchema } from '@rollcall/protocol/ids';
import * as z from 'zod';

export const gatewayParams = z.strictObject({ id: gatewayIdSchema });
export const gatewayKeyParams = z.strictObject({
  id: gatewayIdSchema,
  key_id: z.string().regex(/^[0-9a-f]{16}$/, 'must be the 16 hex digits of a key id'),
});

export const gatewayKeyBody = z.strictObject({
  public_key: z
    .string()
    .regex(/^[A-Za-z0-9+/]{43}=$/, 'must be 32 bytes in base64')
    .describe('Raw Ed25519 public key, as the gateway prints it'),
});
export const gatewayKeySchema = z.strictObject({ key_id: z.string(), is_revoked: z.boolean() });

export const gatewayPasswordSchema = z.strictObject({
  mqtt_password: z.string().describe('Shown once; put it into the file that the gateway reads it from'),
});
