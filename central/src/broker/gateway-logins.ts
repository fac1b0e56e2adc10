import { createHash, timingSafeEqual } from 'node:crypto';
import type { Database } from '../db/database.js';

/** `unavailable`: PostgreSQL is away, so nobody can be told apart; the gateway tries again. */
export type LoginResult = 'ok' | 'refused' | 'unavailable';

/** Checks the password of a gateway; used by the broker and by the roster's HTTP Basic login. */
export async function checkGatewayLogin(
  db: Pick<Database, 'knex'>,
  gatewayId: string,
  password: Uint8Array,
): Promise<LoginResult> {
  let secret: Buffer | null | undefined;
  try {
    secret = (await db.knex('gateway').where({ id: gatewayId, revoked_at: null }).first('secret_sha256'))
      ?.secret_sha256;
  } catch {
    return 'unavailable';
  }
  const given = createHash('sha256').update(password).digest();
  // Compared also where there is no such gateway, so that the time taken does not tell.
  const known = secret ?? Buffer.alloc(given.length);
  const matches = known.length === given.length && timingSafeEqual(known, given);
  return matches && secret !== null && secret !== undefined ? 'ok' : 'refused';
}
