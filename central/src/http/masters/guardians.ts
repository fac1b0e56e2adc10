import { RollcallError } from '@rollcall/protocol/errors';
import * as z from 'zod';
import type { Permission } from '../../auth/permissions.js';
import type { Principal } from '../../auth/principal.js';
import { type Scope, visibleStudents } from '../../auth/scope.js';
import type { Knex } from '../../db/database.js';
import { uuid } from '../contracts/fields.js';
import { contactSchema } from './contact.js';
import { masterName, uuidKey } from './keys.js';
import type { Master } from './master.js';

const ofStudents = z
  .array(
    z.strictObject({
      student: uuid,
      relation: z.enum(['mother', 'father', 'parent', 'guardian']).default('parent'),
    }),
  )
  .max(20);

export const guardians: Master = {
  path: 'guardians',
  one: 'guardian',
  many: 'guardians',
  tag: 'People',
  table: 'guardian',
  key: [uuidKey],
  isKeyMade: true,
  fields: {
    name: { column: 'full_name', schema: masterName },
    language: { column: 'language', schema: z.enum(['en', 'te', 'hi']), initial: 'en' },
    contact: {
      column: 'contact_sealed',
      schema: contactSchema.nullable(),
      initial: null,
      sealedFor: 'contacts.read',
    },
  },
  shows: {
    students: {
      schema: z.array(z.strictObject({ student: z.guid(), roll_number: z.string(), relation: z.string() })),
      sql: `coalesce((SELECT json_agg(json_build_object('student', st.id, 'roll_number', st.roll_number,
          'relation', w.relation) ORDER BY st.roll_number)
        FROM guardianship w JOIN student st ON st.id = w.student_id WHERE w.guardian_id = t.id), '[]')`,
    },
  },
  takes: { students: { schema: ofStudents, initial: [] } },
  read: 'contacts.read',
  write: 'people.write',
  scope: guardiansOf,
  search: ['full_name'],
  filters: {
    student: {
      schema: uuid,
      sql: 'EXISTS (SELECT FROM guardianship w WHERE w.guardian_id = t.id AND w.student_id = ?::uuid)',
    },
  },
  after: async (trx, { action, key, body }) => {
    if (action === 'delete' || body['students'] === undefined) return;
    await storeStudents(trx, String(key['id']), body['students'] as z.output<typeof ofStudents>);
  },
};

/** Through the students that somebody reaches; a guardian sees himself, not how the other parent is reached. */
function guardiansOf(principal: Principal, permission: Permission): Scope {
  const reached = visibleStudents({ ...principal, guardianId: null }, permission, 'st');
  if (reached.sql === 'true') return reached;
  return {
    sql: `t.id = ?::uuid OR EXISTS (SELECT FROM guardianship w JOIN student st ON st.id = w.student_id
      WHERE w.guardian_id = t.id AND (${reached.sql}))`,
    // No guardian has the nil UUID.
    bindings: [principal.guardianId ?? '00000000-0000-0000-0000-000000000000', ...reached.bindings],
  };
}

async function storeStudents(trx: Knex, id: string, list: z.output<typeof ofStudents>): Promise<void> {
  const wanted = [...new Map(list.map((one) => [one.student.toLowerCase(), one])).values()];
  const ids = wanted.map(({ student }) => student);
  const known = await trx('student').whereIn('id', ids).pluck<string[]>('id');
  const missing = ids.find((one) => !known.includes(one.toLowerCase()));
  if (missing !== undefined) {
    throw new RollcallError('REQUEST_INVALID', `students: there is no student ${missing}`);
  }
  await trx('guardianship').where({ guardian_id: id }).delete();
  if (wanted.length === 0) return;
  await trx('guardianship').insert(
    wanted.map(({ student, relation }) => ({ guardian_id: id, student_id: student, relation })),
  );
}
