import { requireSession } from '../../auth/scope.js';
import { drawForVerification } from '../../capture/verification-draw.js';
import { API, toInstant, uuidParams } from '../contracts/fields.js';
import { drawSchema } from '../contracts/verification-draw.js';
import { defineRoute } from '../route.js';

export const verificationDraw = defineRoute(
  {
    method: 'get',
    path: `${API}/sessions/{id}/verification-draw/`,
    operationId: 'readVerificationDraw',
    tag: 'Marking by hand',
    summary: 'Students of this class whose last attendance nothing verified, some by lot, to be looked at',
    access: 'records.mark',
    params: uuidParams,
    reply: { schema: drawSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN'],
  },
  async ({ params, principal }, { db }) => {
    await requireSession(db.knex, principal, 'records.mark', params.id);
    const drawn = await drawForVerification(db.knex, params.id);
    return {
      body: {
        students: drawn.map(({ roll_number, name, session_id, course_code, start_at }) => ({
          student: { roll_number, name },
          unverified_in: { session_id, course: course_code, start_at: toInstant(start_at) },
        })),
      },
    };
  },
);
