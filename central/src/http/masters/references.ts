import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../../db/database.js';
import type { Item, Master } from './master.js';

/** @throws RollcallError `REQUEST_INVALID` naming the field and what it names in vain */
export async function refuseUnknown(trx: Knex, { fields }: Master, body: Readonly<Item>): Promise<void> {
  for (const [name, { refersTo }] of Object.entries(fields)) {
    const value = body[name];
    if (refersTo === undefined || value === undefined || value === null) continue;
    const { rows } = await trx.raw<{ rows: object[] }>(
      `SELECT 1 FROM ?? WHERE ?? = ?::${refersTo.kind ?? 'text'} FOR KEY SHARE`,
      [refersTo.table, refersTo.key, value as string],
    );
    if (rows.length > 0) continue;
    throw new RollcallError('REQUEST_INVALID', `${name}: there is no ${refersTo.what} ${String(value)}`);
  }
}
