import { idKey, masterName, reference } from './keys.js';
import type { Master } from './master.js';

export const programmes: Master = {
  path: 'programmes',
  one: 'programme',
  many: 'programmes',
  tag: 'Masters',
  table: 'programme',
  key: [idKey],
  fields: {
    department: reference('department', 'department_id'),
    name: { column: 'name', schema: masterName },
  },
  read: 'masters.read',
  write: 'masters.write',
  search: ['id', 'name'],
  // Settings name their scope by text (domain A4).
  uses: [
    {
      what: 'setting',
      sql: "SELECT count(*) AS n FROM attendance_configuration WHERE scope_kind = 'programme' AND scope_id = ?",
    },
  ],
};
