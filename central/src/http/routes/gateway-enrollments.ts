import { RollcallError } from '@rollcall/protocol/errors';
import { dateAt } from '../../calendar/campus-zone.js';
import { campusZone } from '../../calendar/generate.js';
import { requireFingerprintConsent } from '../../consent/consents.js';
import { applyProgress } from '../../enrollment/apply-progress.js';
import { beginEnrollment } from '../../enrollment/begin-enrollment.js';
import { requireFreshTicket } from '../../enrollment/consent-ticket.js';
import { endEnrollments } from '../../enrollment/enrollment-state.js';
import { isOwnPath } from '../authenticate-gateway.js';
import {
  gatewayEnrollmentBody,
  gatewayEnrollmentParams,
  gatewayEnrollmentSchema,
  gatewayProgressBody,
  gatewayProgressSchema,
} from '../contracts/enrollments.js';
import { API, toInstant } from '../contracts/fields.js';
import { gatewayTemplatesParams } from '../contracts/gateway-templates.js';
import { defineRoute } from '../route.js';
import { writeAsGateway } from '../write-as.js';

/**
 * For the command line of a gateway. It has no officer's sign-in; what shows that an officer sent it is the id of the
 * consent, which no gateway is ever told, and which serves for a short while ([ADR 42](../../../../docs/adr/0042-enrollments-bind-templates.md)).
 */
export const openGatewayEnrollment = defineRoute(
  {
    method: 'post',
    path: `${API}/gateways/{id}/enrollments/`,
    operationId: 'openGatewayEnrollment',
    tag: 'Consent and templates',
    summary: 'Opens an enrollment for the command line of this gateway; in place of the one it opened before',
    access: 'gateway',
    status: 201,
    params: gatewayTemplatesParams,
    body: gatewayEnrollmentBody,
    reply: { schema: gatewayEnrollmentSchema },
    errors: [
      'UNAUTHENTICATED',
      'NOT_FOUND',
      'FINGER_EXEMPT',
      'CONSENT_MISSING',
      'ENROLLMENT_ENDED',
      'ALREADY_EXISTS',
      'ENROLLMENT_BUSY',
    ],
  },
  async ({ params, body, gatewayId: caller, request }, context) => {
    const { db, clock, capture } = context;
    if (!isOwnPath(caller, params.id)) throw unknown();
    const nowMs = clock.wallMs();
    const writer = { gatewayId: params.id, request };
    const row = await writeAsGateway(db.knex, writer, async (trx) => {
      const student = await trx('student').where({ roll_number: body.student_ref }).forUpdate().first('id');
      if (student === undefined) throw unknown();
      const studentId: string = student.id;
      const today = dateAt(nowMs, (await campusZone(trx)) ?? 'UTC');
      const consentId = await requireFingerprintConsent(trx, capture.seal, { studentId, today });
      // The same answer as for no consent at all: ids are not to be tried out.
      if (consentId !== body.consent) throw wrongConsent();
      const at = new Date(nowMs);
      await requireFreshTicket(trx, { studentId, consentId, fingers: body.fingers, at });
      const own = await trx('enrollment')
        .where({ gateway_id: params.id, requested_by: null })
        .whereNull('ended_at')
        .pluck<string[]>('id');
      await endEnrollments(trx, own, {
        state: 'cancelled',
        at,
        by: `gateway:${params.id}`,
        message: 'Another one was begun at the command line of the gateway',
      });
      const id = await beginEnrollment(trx, {
        studentId,
        consentId,
        gatewayId: params.id,
        deviceId: body.device_id,
        fingers: body.fingers,
        nowMs,
        accountId: null,
      });
      return trx('enrollment').where({ id }).first<{ id: string; expires_at: Date }>('id', 'expires_at');
    });
    return { body: { enrollment: row.id, expires_at: toInstant(row.expires_at) } };
  },
);

export const reportGatewayEnrollment = defineRoute(
  {
    method: 'post',
    path: `${API}/gateways/{id}/enrollments/{enrollment}/progress/`,
    operationId: 'reportGatewayEnrollment',
    tag: 'Consent and templates',
    summary:
      'How an enrollment at the command line of this gateway goes on; what comes after its end changes nothing',
    access: 'gateway',
    params: gatewayEnrollmentParams,
    body: gatewayProgressBody,
    reply: { schema: gatewayProgressSchema },
    errors: ['UNAUTHENTICATED', 'NOT_FOUND'],
  },
  async ({ params, body, gatewayId: caller, request }, context) => {
    const { db, clock } = context;
    if (!isOwnPath(caller, params.id)) throw unknown();
    const { id: gatewayId, enrollment: enrollmentId } = params;
    const { progress } = body;
    const at = new Date(clock.wallMs());
    // An officer's is told of by signed events only: here the password of the gateway is enough.
    const own = await db
      .knex('enrollment')
      .where({ id: enrollmentId, gateway_id: gatewayId, requested_by: null })
      .first('id');
    if (own === undefined) throw notOpenedHere();
    await writeAsGateway(db.knex, { gatewayId, request }, (trx) =>
      applyProgress(trx, { gatewayId, enrollmentId, progress, at }),
    );
    return { body: { step: progress.step } };
  },
);

const unknown = (): RollcallError =>
  new RollcallError('NOT_FOUND', 'There is no such student or scanner here; check both');
const notOpenedHere = (): RollcallError =>
  new RollcallError('NOT_FOUND', 'The command line of this gateway has not opened such an enrollment');
const wrongConsent = (): RollcallError =>
  new RollcallError(
    'CONSENT_MISSING',
    'There is no such consent for fingerprints in force: take the id from the record of the consent',
  );
