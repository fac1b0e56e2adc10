import { RollcallError } from '@rollcall/protocol/errors';
import type { Principal } from '../../auth/principal.js';
import { confirmFactor, enrollFactor, type FactorOwner, removeFactor } from '../../auth/second-factor.js';
import { refuseOtherPhone } from '../../capture/device-binding.js';
import { spendRebindCode } from '../../capture/rebind-code.js';
import { emptySchema } from '../contracts/auth.js';
import { API } from '../contracts/fields.js';
import {
  confirmFactorBody,
  enrolledFactorSchema,
  enrollFactorBody,
  removedFactorSchema,
  removeFactorBody,
} from '../contracts/second-factors.js';
import { defineRoute } from '../route.js';
import { confirmPassword, guardFactor } from '../second-factor-guard.js';
import { writeAs } from '../write-as.js';
import { studentByRoll } from './device-bindings.js';

const TAG = 'QR codes';
const PATH = `${API}/second-factors/`;

/** @throws RollcallError `FORBIDDEN` for who is no student, or has no sign-in of the own */
export function ownerOf({ accountId, studentId }: Principal): FactorOwner {
  if (accountId !== null && studentId !== null) return { accountId, studentId };
  throw new RollcallError('FORBIDDEN', 'Only students have a phone for scanning, with their own sign-in');
}

/** With a password alone a thief of it would make the own factor, which would then prove nothing. */
export const enroll = defineRoute(
  {
    method: 'post',
    path: PATH,
    operationId: 'enrollSecondFactor',
    tag: TAG,
    summary:
      'Begins with an authenticator application, from the bound phone or with a code of the office; its secret is shown once',
    access: 'qr.scan',
    status: 201,
    body: enrollFactorBody,
    reply: { schema: enrolledFactorSchema },
    errors: ['FORBIDDEN', 'LOGIN_REFUSED', 'LOGIN_THROTTLED', 'ALREADY_EXISTS'],
  },
  async (input, context) => {
    const { body, principal } = input;
    const { capture, clock } = context;
    const { accountId, studentId } = ownerOf(principal);
    await confirmPassword(input, context, body.password);
    const nowMs = clock.wallMs();
    const { uri, expiresMs } = await guardFactor(input, context, async (trx) => {
      const owner = { accountId, studentId, login: principal.login };
      const enrolled = await enrollFactor(trx, owner, { seal: capture.seal, nowMs });
      if (body.device_id !== undefined) {
        await refuseOtherPhone(trx, studentId, Buffer.from(capture.deviceHash(body.device_id), 'hex'));
      }
      if (body.code !== undefined) {
        await spendRebindCode(trx, { studentId, code: body.code, accountId, nowMs });
      }
      return enrolled;
    });
    return { body: { otpauth_uri: uri, expires_at: new Date(expiresMs).toISOString() } };
  },
);

export const confirm = defineRoute(
  {
    method: 'post',
    path: `${PATH}confirm/`,
    operationId: 'confirmSecondFactor',
    tag: TAG,
    summary: 'Shows by a first code that the application has the secret; from now on it is asked for',
    access: 'qr.scan',
    body: confirmFactorBody,
    reply: { schema: emptySchema },
    errors: ['FORBIDDEN', 'NOT_FOUND', 'LOGIN_REFUSED', 'LOGIN_THROTTLED'],
  },
  async (input, context) => {
    const owner = { ...ownerOf(input.principal), code: input.body.code };
    const factorContext = { seal: context.capture.seal, nowMs: context.clock.wallMs() };
    await guardFactor(input, context, (trx) => confirmFactor(trx, owner, factorContext));
    return { body: {} };
  },
);

export const remove = defineRoute(
  {
    method: 'post',
    path: `${PATH}remove/`,
    operationId: 'removeSecondFactor',
    tag: TAG,
    summary: 'Takes the authenticator application of a student away who lost it, with a reason',
    access: 'bindings.write',
    body: removeFactorBody,
    reply: { schema: removedFactorSchema },
    errors: ['NOT_FOUND'],
  },
  async (input, { clock, db }) => {
    const { body, principal } = input;
    const removed = await writeAs(db.knex, input, async (trx) => {
      const { id: studentId } = await studentByRoll(trx, body.student);
      const account = await trx('account')
        .where({ student_id: studentId })
        .first<{ id: string } | undefined>('id');
      if (account === undefined) return false;
      return removeFactor(trx, {
        owner: { accountId: account.id, studentId },
        reason: body.reason,
        performedBy: principal.accountId,
        nowMs: clock.wallMs(),
      });
    });
    return { body: { removed } };
  },
);
