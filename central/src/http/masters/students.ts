import { studentRefSchema } from '@rollcall/protocol/punch';
import * as z from 'zod';
import { visibleStudents } from '../../auth/scope.js';
import { dateFilter, keyFilter } from '../contracts/fields.js';
import { contactSchema } from './contact.js';
import { masterName, uuidKey } from './keys.js';
import type { Master } from './master.js';

/**
 * No more of a person than attendance needs (domain A1.15, F3): no Aadhaar number, caste, religion or medical
 * text. What reaches somebody and the date of birth are sealed.
 */
export const students: Master = {
  path: 'students',
  one: 'student',
  many: 'students',
  tag: 'People',
  table: 'student',
  key: [uuidKey],
  isKeyMade: true,
  studentField: 'id',
  fields: {
    // Gateways and files know a student by it; a wrong one is another student.
    roll_number: { column: 'roll_number', schema: studentRefSchema, isFixed: true },
    name: { column: 'full_name', schema: masterName },
    contact: {
      column: 'contact_sealed',
      schema: contactSchema.nullable(),
      initial: null,
      sealedFor: 'contacts.read',
    },
    date_of_birth: {
      column: 'date_of_birth_sealed',
      schema: dateFilter.nullable(),
      initial: null,
      sealedFor: 'contacts.read',
    },
  },
  shows: {
    sections: {
      schema: z.array(z.string()).describe('Groups that the student is in without an end'),
      sql: `ARRAY(SELECT m.section_id FROM roster_membership m
        WHERE m.student_id = t.id AND upper_inf(m.valid_during) ORDER BY 1)`,
    },
  },
  read: 'people.read',
  write: 'people.write',
  scope: (principal, permission) => visibleStudents(principal, permission, 't'),
  order: [{ column: 'roll_number', kind: 'text' }],
  search: ['roll_number', 'full_name'],
  filters: {
    section: {
      schema: keyFilter,
      sql: 'EXISTS (SELECT FROM roster_membership m WHERE m.student_id = t.id AND m.section_id = ?)',
    },
  },
  uses: [
    {
      what: 'punch',
      sql: 'SELECT count(*) AS n FROM (SELECT 1 FROM punch WHERE student_id = ?::uuid LIMIT 1000) p',
    },
  ],
};
