import { decideLeave } from '../../leave/decide-leave.js';
import { requireLeave } from '../../leave/leave-access.js';
import { API, uuidParams } from '../contracts/fields.js';
import { decideBody, leaveDetailSchema, revokeBody } from '../contracts/leave.js';
import { expectedVersion } from '../etag.js';
import { defineRoute, type HttpContext, type Route } from '../route.js';
import { leaveReply } from '../views/leave-detail.js';
import { type Writer, writeAs } from '../write-as.js';
import { IF_MATCH_LEAVE, LEAVE_TAG } from './leave.js';

export const DECIDE_LEAVE_ERRORS = [
  'NOT_FOUND',
  'FORBIDDEN',
  'HIGHER_DECIDER_NEEDED',
  'ALREADY_DECIDED',
  'INVALID_TRANSITION',
  'STALE',
  'SESSION_LOCKED',
] as const;

type Verdict = 'approve' | 'reject' | 'revoke';

export const LEAVE_VERDICTS: Readonly<Record<Verdict, string>> = {
  approve: 'Approves leave: absences of these days become excused, attendance stays',
  reject: 'Rejects leave',
  revoke: 'Takes an approval back: exactly the marks that it changed return',
};

function contractOf<Body extends typeof decideBody | typeof revokeBody>(verdict: Verdict, body: Body) {
  return {
    method: 'post',
    path: `${API}/leave-applications/{id}/${verdict}/`,
    operationId: `${verdict}LeaveApplication`,
    tag: LEAVE_TAG,
    summary: LEAVE_VERDICTS[verdict],
    access: 'leave.decide',
    params: uuidParams,
    body,
    headers: IF_MATCH_LEAVE,
    reply: { schema: leaveDetailSchema },
    errors: DECIDE_LEAVE_ERRORS,
  } as const;
}

interface DecisionInput extends Writer {
  params: { id: string };
  body: { version?: number | undefined; decision_note: string };
}

async function decide(verdict: Verdict, input: DecisionInput, context: HttpContext) {
  const { principal, params, body, request } = input;
  await requireLeave(context.db.knex, principal, 'leave.decide', params.id);
  await writeAs(context.db.knex, input, (trx) =>
    decideLeave(trx, {
      id: params.id,
      verdict,
      note: body.decision_note,
      principal,
      expectedVersion: expectedVersion(request.headers['if-match']) ?? body.version,
      nowMs: context.clock.wallMs(),
    }),
  );
  return leaveReply(context, params.id);
}

export const leaveDecisions: readonly Route[] = [
  defineRoute(contractOf('approve', decideBody), (input, context) => decide('approve', input, context)),
  defineRoute(contractOf('reject', decideBody), (input, context) => decide('reject', input, context)),
  defineRoute(contractOf('revoke', revokeBody), (input, context) => decide('revoke', input, context)),
];
