import { requireSession } from '../../auth/scope.js';
import { confirmHeadcount as confirm } from '../../capture/confirm-headcount.js';
import { API, uuidParams } from '../contracts/fields.js';
import { headcountConfirmationBody, headcountConfirmationSchema } from '../contracts/sessions.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';
import { IF_MATCH, versionOf } from './session-actions.js';

export const confirmHeadcount = defineRoute(
  {
    method: 'post',
    path: `${API}/sessions/{id}/headcount-confirmation/`,
    operationId: 'confirmHeadcount',
    tag: 'Marking by hand',
    summary:
      'The count of heads confirms who waits for a second proof: a card without its finger or PIN, a stay without a capture of its own. Not counted as marking by hand',
    access: 'records.mark',
    rate: 'bulk_mark',
    params: uuidParams,
    headers: IF_MATCH,
    body: headcountConfirmationBody,
    reply: { schema: headcountConfirmationSchema },
    errors: [
      'NOT_FOUND',
      'FORBIDDEN',
      'STALE',
      'SESSION_LOCKED',
      'SESSION_NOT_OPEN',
      'SESSION_CANCELLED',
      'ROWS_REFUSED',
      'HEADCOUNT_TOO_LOW',
      'HEADCOUNT_TOO_HIGH',
    ],
  },
  async (input, { db, clock }) => {
    const { principal, params, body } = input;
    await requireSession(db.knex, principal, 'records.mark', params.id);
    const confirmed = await writeAs(db.knex, input, (trx) =>
      confirm(trx, {
        sessionId: params.id,
        headcount: body.headcount,
        notHere: body.not_here,
        reason: body.reason,
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
        expectedVersion: versionOf(input),
      }),
    );
    return { body: { headcount: body.headcount, confirmed } };
  },
);
