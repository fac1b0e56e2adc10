import { idKey, masterName, reference } from './keys.js';
import type { Master } from './master.js';

export const departments: Master = {
  path: 'departments',
  one: 'department',
  many: 'departments',
  tag: 'Masters',
  table: 'department',
  key: [idKey],
  fields: {
    campus: reference('campus', 'campus_id', { isFixed: true }),
    name: { column: 'name', schema: masterName },
  },
  read: 'masters.read',
  write: 'masters.write',
  search: ['id', 'name'],
};
