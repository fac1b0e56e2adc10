import { RollcallError } from '@rollcall/protocol/errors';
import * as z from 'zod';
import { isZone } from '../../calendar/campus-zone.js';
import { idKey, masterName } from './keys.js';
import type { Master } from './master.js';

/** A campus comes from its file; here it is renamed. Its zone decided the dates of everything that was held. */
export const campuses: Master = {
  path: 'campuses',
  one: 'campus',
  many: 'campuses',
  // `readCampus` is the page's, which does not know the id.
  idName: 'campus by id',
  tag: 'Masters',
  table: 'campus',
  key: [idKey],
  fields: {
    name: { column: 'name', schema: masterName },
    zone: {
      column: 'zone',
      schema: z.string().max(64).refine(isZone, 'must be an IANA time zone, for example Asia/Kolkata'),
    },
  },
  read: 'masters.read',
  write: 'masters.write',
  operations: ['list', 'read', 'update'],
  refuse: async (trx, { before, next }) => {
    if (before === undefined || before['zone'] === next['zone']) return;
    const held = await trx('attendance_session').first('id');
    if (held === undefined) return;
    throw new RollcallError(
      'MASTER_IN_USE',
      'There are class sessions whose dates were decided in the present time zone; it cannot change any more',
    );
  },
};
