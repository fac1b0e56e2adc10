import { RollcallError } from '@rollcall/protocol/errors';
import { API } from '../contracts/fields.js';
import { campusSchema } from '../contracts/operations.js';
import { defineRoute } from '../route.js';

export const readCampus = defineRoute(
  {
    method: 'get',
    path: `${API}/campus/`,
    operationId: 'readCampus',
    tag: 'Operations',
    summary: 'The campus and its time zone: every date and wall time is meant there',
    access: 'campus.read',
    reply: { schema: campusSchema },
    errors: ['NOT_FOUND'],
  },
  async (_input, { db }) => {
    const campus = await db.knex('campus').orderBy('id').first('id', 'name', 'zone');
    if (campus !== undefined) return { body: campus };
    throw new RollcallError('NOT_FOUND', 'There is no campus yet; load one with: rollcall-central seed FILE');
  },
);
