import { RollcallError } from '@rollcall/protocol/errors';
import * as z from 'zod';
import { ROOM_PURPOSES } from '../../rules/facts.js';
import { idKey, masterName, reference } from './keys.js';
import type { Master } from './master.js';

export const rooms: Master = {
  path: 'rooms',
  one: 'room',
  many: 'rooms',
  tag: 'Masters',
  table: 'room',
  key: [idKey],
  fields: {
    building: reference('building', 'building_id'),
    name: { column: 'name', schema: masterName },
    capacity: { column: 'capacity', schema: z.int().min(1).max(100_000).nullable(), initial: null },
    latitude: { column: 'latitude', schema: z.number().min(-90).max(90).nullable(), initial: null },
    longitude: { column: 'longitude', schema: z.number().min(-180).max(180).nullable(), initial: null },
    geofence_radius_m: {
      column: 'geofence_radius_m',
      schema: z.int().min(10).max(2_000).nullable(),
      initial: null,
    },
    // A gate gives half-days and never a class mark; `presence`, a library or a hostel, gives neither (domain cases 55, 56).
    purpose: { column: 'purpose', schema: z.enum(ROOM_PURPOSES), initial: 'class', isFilter: true },
    // One reader for both ways: every second capture of a person is the way out (domain case 43).
    capture_mode: { column: 'capture_mode', schema: z.enum(['entry', 'alternating']), initial: 'entry' },
  },
  read: 'masters.read',
  write: 'masters.write',
  search: ['id', 'name'],
  refuse: (_trx, { action, next }) => {
    if (action === 'delete' || (next['latitude'] === null) === (next['longitude'] === null)) return;
    throw new RollcallError('REQUEST_INVALID', 'longitude: must come with latitude, and go with it');
  },
};
