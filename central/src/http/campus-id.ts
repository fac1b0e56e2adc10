import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';

/** @throws RollcallError `REQUEST_INVALID` before the first seed */
export async function campusId(trx: Knex): Promise<string> {
  const campus = await trx('campus').orderBy('id').first<{ id: string } | undefined>('id');
  if (campus !== undefined) return campus.id;
  throw new RollcallError('REQUEST_INVALID', 'There is no campus yet; seed one first');
}
