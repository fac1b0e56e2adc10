import { createHash } from 'node:crypto';
import { batchSchema } from '@rollcall/protocol/batch';
import { clockAnchorSchema } from '@rollcall/protocol/clock-anchor';
import { gatewayEventSchema } from '@rollcall/protocol/gateway-event';
import { punchSchema } from '@rollcall/protocol/punch';
import * as z from 'zod';

/** To be raised when the checks of a row change that no schema says: refinements, and what the database can hold. */
const UNWRITTEN_CHECKS = 1;

/** A name for everything that such schemas let through: another member, value or limit gives another name. */
export function readingOf(schemas: readonly z.ZodType[]): string {
  const written = schemas.map((schema) => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  return createHash('sha256')
    .update(JSON.stringify([UNWRITTEN_CHECKS, ...written]))
    .digest('hex')
    .slice(0, 16);
}

/** What this central understands of what gateways send. */
export const READING = readingOf([batchSchema, punchSchema, clockAnchorSchema, gatewayEventSchema]);
