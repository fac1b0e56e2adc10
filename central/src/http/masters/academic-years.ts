import { dateFilter } from '../contracts/fields.js';
import { refuseBackwards } from './academic-periods.js';
import { idKey, masterName, reference } from './keys.js';
import type { Master } from './master.js';

export const academicYears: Master = {
  path: 'academic-years',
  one: 'academic year',
  many: 'academic years',
  tag: 'Masters',
  table: 'academic_year',
  key: [idKey],
  fields: {
    campus: reference('campus', 'campus_id', { isFixed: true }),
    name: { column: 'name', schema: masterName },
    starts_on: { column: 'starts_on', schema: dateFilter },
    ends_on: { column: 'ends_on', schema: dateFilter },
  },
  read: 'masters.read',
  write: 'masters.write',
  refuse: (_trx, change) => refuseBackwards(change),
};
