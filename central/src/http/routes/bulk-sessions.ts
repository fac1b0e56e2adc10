import { RollcallError } from '@rollcall/protocol/errors';
import { createSession } from '../../sessions/create-session.js';
import { API } from '../contracts/fields.js';
import { createdSessionsSchema, createSessionsBody } from '../contracts/sessions.js';
import { newSessionOf } from '../new-session.js';
import { defineRoute } from '../route.js';
import { loadSessionItems } from '../views/session-view.js';
import { writeAs } from '../write-as.js';
import { authorityToCreate } from './session-changes.js';

/** Domain A5, the seed's integrated variant. */
export const createSessions = defineRoute(
  {
    method: 'post',
    path: `${API}/sessions/bulk_create/`,
    operationId: 'createSessions',
    tag: 'Changes of class sessions',
    summary: 'Makes several class sessions that the timetable does not have: all of them or none',
    access: 'sessions.change',
    rate: 'bulk_mark',
    status: 201,
    body: createSessionsBody,
    reply: { schema: createdSessionsSchema },
    errors: ['AD_HOC_TOO_LATE', 'ALREADY_EXISTS', 'CLASH', 'CONFIG_INVALID', 'FORBIDDEN', 'NOT_FOUND'],
  },
  async (input, { db, clock }) => {
    const { body, principal } = input;
    const nowMs = clock.wallMs();
    const results = await writeAs(db.knex, input, async (trx) => {
      const made: string[] = [];
      for (const [index, one] of body.sessions.entries()) {
        await naming(index, async () => {
          const session = await newSessionOf(trx, one);
          const authority = await authorityToCreate(trx, principal, session);
          made.push(await createSession(trx, { session, nowMs, accountId: principal.accountId, authority }));
        });
      }
      const items = new Map((await loadSessionItems(trx, made)).map((item) => [item.id, item]));
      return made.flatMap((id) => items.get(id) ?? []);
    });
    return { body: { results } };
  },
);

/** What is wrong with one of them says with which: none of them is made. */
async function naming(index: number, act: () => Promise<void>): Promise<void> {
  await act().catch((error: unknown) => {
    if (!(error instanceof RollcallError)) throw error;
    // Its text ends with its code, which the new one adds by itself.
    const message = error.message.slice(0, -` (${error.code})`.length);
    throw new RollcallError(error.code, `sessions.${index}: ${message}`, {
      cause: error,
      context: { ...error.context, index },
    });
  });
}
