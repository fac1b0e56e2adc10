import { codeKey, masterName, optionalReference } from './keys.js';
import type { Master } from './master.js';

export const facultyMembers: Master = {
  path: 'faculty',
  one: 'faculty member',
  many: 'faculty members',
  tag: 'People',
  table: 'faculty',
  key: [codeKey],
  fields: {
    name: { column: 'full_name', schema: masterName },
    department: optionalReference('department', 'department_id'),
  },
  read: 'masters.read',
  write: 'people.write',
  search: ['code', 'full_name'],
};
