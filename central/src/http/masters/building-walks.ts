import { RollcallError } from '@rollcall/protocol/errors';
import * as z from 'zod';
import { masterId } from './keys.js';
import type { Master } from './master.js';

const end = (name: 'building_a' | 'building_b') =>
  ({ name, column: name, schema: masterId, kind: 'text' }) as const;

/** How long one needs between two buildings; the first of the two in the order of the alphabet is `building_a`. */
export const buildingWalks: Master = {
  path: 'building-walks',
  one: 'building walk',
  many: 'building walks',
  tag: 'Masters',
  table: 'building_walk',
  key: [end('building_a'), end('building_b')],
  fields: { minutes: { column: 'minutes', schema: z.int().min(0).max(240) } },
  read: 'masters.read',
  write: 'masters.write',
  refuse: async (trx, { action, next }) => {
    if (action !== 'create') return;
    const { building_a: one, building_b: other } = next as { building_a: string; building_b: string };
    if (one >= other) {
      throw new RollcallError('REQUEST_INVALID', 'building_b: must come after building_a in the alphabet');
    }
    const known = await trx('building').whereIn('id', [one, other]).pluck<string[]>('id');
    const missing = [one, other].find((id) => !known.includes(id));
    if (missing !== undefined) throw new RollcallError('REQUEST_INVALID', `There is no building ${missing}`);
  },
};
