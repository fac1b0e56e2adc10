import { RollcallError } from '@rollcall/protocol/errors';
import { requireSession } from '../../auth/scope.js';
import { allowSharedPhone, rebindDevice, releaseDevice } from '../../capture/device-binding.js';
import { issueRebindCode, REBIND_CODE_MS } from '../../capture/rebind-code.js';
import { spendProof } from '../../capture/rebind-proof.js';
import { rosterOf } from '../../capture/roster-of.js';
import type { Knex } from '../../db/database.js';
import { holdSession, refuseLocked } from '../../sessions/session-row.js';
import { emptySchema } from '../contracts/auth.js';
import {
  rebindBody,
  rebindCodeBody,
  rebindCodeSchema,
  rebindSchema,
  releaseBody,
  releaseSchema,
  sharedPhoneBody,
} from '../contracts/device-bindings.js';
import { API, toInstant, uuidParams } from '../contracts/fields.js';
import { defineRoute } from '../route.js';
import { confirmPassword, guardFactor } from '../second-factor-guard.js';
import { writeAs } from '../write-as.js';

const TAG = 'QR codes';

/** @throws RollcallError `NOT_FOUND` */
export async function studentByRoll(trx: Knex, rollNumber: string): Promise<{ id: string }> {
  const student = await trx('student')
    .where({ roll_number: rollNumber })
    .first<{ id: string } | undefined>('id');
  if (student === undefined) throw new RollcallError('NOT_FOUND', `There is no student ${rollNumber}`);
  return student;
}

export const rebind = defineRoute(
  {
    method: 'post',
    path: `${API}/device-bindings/rebind/`,
    operationId: 'rebindDevice',
    tag: TAG,
    summary:
      'Makes another phone the one that the student scans with, by password and a second factor; the old one ends',
    access: 'qr.scan',
    body: rebindBody,
    reply: { schema: rebindSchema },
    errors: [
      'FORBIDDEN',
      'LOGIN_REFUSED',
      'LOGIN_THROTTLED',
      'SECOND_FACTOR_NEEDED',
      'REBIND_LIMIT',
      'DEVICE_ALREADY_USED',
    ],
  },
  async (input, context) => {
    const { body, principal } = input;
    const { capture, clock } = context;
    const { accountId, studentId } = principal;
    if (studentId === null || accountId === null) {
      throw new RollcallError('FORBIDDEN', 'Only students have a phone for scanning, with their own sign-in');
    }
    await confirmPassword(input, context, body.password);
    const deviceHash = Buffer.from(capture.deviceHash(body.device_id), 'hex');
    const nowMs = clock.wallMs();
    const given = { accountId, studentId, code: body.code };
    const left = await guardFactor(input, context, (trx) =>
      rebindDevice(trx, {
        studentId,
        deviceHash,
        accountId,
        nowMs,
        prove: () => spendProof(trx, given, { seal: capture.seal, nowMs }),
      }),
    );
    return { body: { changes_left: left } };
  },
);

export const giveCode = defineRoute(
  {
    method: 'post',
    path: `${API}/device-bindings/codes/`,
    operationId: 'issueRebindCode',
    tag: TAG,
    summary: 'Gives a student who has no authenticator application a code for a new phone, shown this once',
    access: 'bindings.write',
    status: 201,
    body: rebindCodeBody,
    reply: { schema: rebindCodeSchema },
    errors: ['NOT_FOUND'],
  },
  async (input, { clock, db }) => {
    const { body, principal } = input;
    const nowMs = clock.wallMs();
    const code = await writeAs(db.knex, input, async (trx) => {
      const { id: studentId } = await studentByRoll(trx, body.student);
      return issueRebindCode(trx, {
        studentId,
        reason: body.reason,
        accountId: principal.accountId,
        nowMs,
      });
    });
    return { body: { code, expires_at: toInstant(new Date(nowMs + REBIND_CODE_MS)) } };
  },
);

export const release = defineRoute(
  {
    method: 'post',
    path: `${API}/device-bindings/release/`,
    operationId: 'releaseDevice',
    tag: TAG,
    summary: 'Takes the phone of a student away; the next one that scans becomes the student’s',
    access: 'bindings.write',
    body: releaseBody,
    reply: { schema: releaseSchema },
    errors: ['NOT_FOUND'],
  },
  async (input, { clock, db }) => {
    const { body, principal } = input;
    const released = await writeAs(db.knex, input, async (trx) => {
      const student = await studentByRoll(trx, body.student);
      return releaseDevice(trx, {
        studentId: student.id,
        reason: body.reason,
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
      });
    });
    return { body: { released } };
  },
);

export const allowShared = defineRoute(
  {
    method: 'post',
    path: `${API}/sessions/{id}/shared-phones/`,
    operationId: 'allowSharedPhone',
    tag: TAG,
    summary: 'Lets a student scan with the phone of another one in this class, for a reason',
    access: 'records.mark',
    rate: 'sessions',
    params: uuidParams,
    body: sharedPhoneBody,
    reply: { schema: emptySchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'SESSION_LOCKED', 'NOT_ON_ROSTER'],
  },
  async (input, { clock, db }) => {
    const { body, params, principal } = input;
    await requireSession(db.knex, principal, 'records.mark', params.id);
    await writeAs(db.knex, input, async (trx) => {
      refuseLocked(await holdSession(trx, params.id));
      const roster = await rosterOf(trx, params.id);
      const student = roster.find(({ rollNumber }) => rollNumber === body.student);
      if (student === undefined) {
        throw new RollcallError('NOT_ON_ROSTER', `${body.student} is not on the roster of this class`);
      }
      await allowSharedPhone(trx, {
        sessionId: params.id,
        studentId: student.studentId,
        reason: body.reason,
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
      });
    });
    return { body: {} };
  },
);
