import { RollcallError } from '@rollcall/protocol/errors';
import * as z from 'zod';
import type { Knex } from '../../db/database.js';
import { idKey, masterName, optionalReference, reference } from './keys.js';
import type { Master } from './master.js';

/** Everybody who is taught together: sections, batches of one, groups of an elective. */
export const sections: Master = {
  path: 'sections',
  one: 'section',
  many: 'sections',
  tag: 'Masters',
  table: 'section',
  key: [idKey],
  fields: {
    name: { column: 'name', schema: masterName },
    kind: {
      column: 'kind',
      schema: z.enum(['section', 'batch', 'elective']),
      initial: 'section',
      isFixed: true,
      isFilter: true,
    },
    parent: { ...optionalReference('section', 'parent_id'), isFixed: true },
    programme: optionalReference('programme', 'programme_id'),
    department: optionalReference('department', 'department_id'),
    year_of_study: { column: 'year_of_study', schema: z.int().min(1).max(6).nullable(), initial: null },
    course: optionalReference('course', 'course_code'),
  },
  read: 'masters.read',
  write: 'masters.write',
  search: ['id', 'name'],
  refuse: async (trx, { action, next }) => {
    if (action !== 'create') return;
    const { kind, parent } = next;
    if ((kind === 'batch') !== (parent !== null)) {
      throw new RollcallError(
        'REQUEST_INVALID',
        'parent: a batch names its section, and nothing else has one',
      );
    }
    if (parent !== null) await refuseOtherParent(trx, 'parent', String(parent));
  },
};

/** The batches of labs, each of one section (domain A10.30: a section has as many as it needs). */
export const batches: Master = {
  path: 'batches',
  one: 'batch',
  many: 'batches',
  tag: 'Masters',
  table: 'section',
  key: [idKey],
  fields: {
    name: { column: 'name', schema: masterName },
    section: reference('section', 'parent_id', { isFixed: true }),
  },
  only: { sql: "t.kind = 'batch'", columns: { kind: 'batch' } },
  read: 'masters.read',
  write: 'masters.write',
  search: ['id', 'name'],
  refuse: async (trx, { action, next }) => {
    if (action === 'create') await refuseOtherParent(trx, 'section', String(next['section']));
  },
};

/** A batch of a batch would be on nobody's roster. */
async function refuseOtherParent(trx: Knex, field: string, id: string): Promise<void> {
  const parent = await trx('section').where({ id, kind: 'section' }).first('id');
  if (parent === undefined) throw new RollcallError('REQUEST_INVALID', `${field}: ${id} is no section`);
}
