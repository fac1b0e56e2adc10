import * as z from 'zod';
import { codeKey, masterName, optionalReference } from './keys.js';
import type { Master } from './master.js';

export const courses: Master = {
  path: 'courses',
  one: 'course',
  many: 'courses',
  tag: 'Masters',
  table: 'course',
  key: [codeKey],
  fields: {
    title: { column: 'title', schema: masterName },
    department: optionalReference('department', 'department_id'),
    type: {
      column: 'course_type',
      schema: z.enum(['theory', 'lab', 'elective', 'mandatory', 'audit']),
      initial: 'theory',
      isFilter: true,
    },
    credits: {
      column: 'credits',
      schema: z.number().min(0).max(100).multipleOf(0.5).nullable(),
      initial: null,
    },
    // False: its own percentage, outside the aggregate (domain case 143).
    counts_in_aggregate: { column: 'counts_in_aggregate', schema: z.boolean(), initial: true },
  },
  read: 'masters.read',
  write: 'masters.write',
  search: ['code', 'title'],
};
