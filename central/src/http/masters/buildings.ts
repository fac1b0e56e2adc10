import * as z from 'zod';
import { idKey, masterName, reference } from './keys.js';
import type { Master } from './master.js';

/** Corners of one outline; a campus has buildings, not coastlines. */
const CORNERS_MAX = 500;

/** Longitude, latitude (RFC 7946 §3.1.1). */
const corner = z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)]);
const ring = z
  .array(corner)
  .min(4)
  .max(CORNERS_MAX)
  .refine((corners) => String(corners[0]) === String(corners.at(-1)), 'must end where it begins');

export const buildings: Master = {
  path: 'buildings',
  one: 'building',
  many: 'buildings',
  tag: 'Masters',
  table: 'building',
  key: [idKey],
  fields: {
    campus: reference('campus', 'campus_id', { isFixed: true }),
    name: { column: 'name', schema: masterName },
    // Where scans of a code count, before the circle of the room (domain case 107).
    outline: {
      column: 'outline',
      schema: z.strictObject({ type: z.literal('Polygon'), coordinates: z.array(ring).length(1) }).nullable(),
      initial: null,
    },
  },
  read: 'masters.read',
  write: 'masters.write',
  search: ['id', 'name'],
};
