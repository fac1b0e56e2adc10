import { RollcallError } from '@rollcall/protocol/errors';
import type { Principal } from '../../auth/principal.js';
import { requireStudent, visibleStudents } from '../../auth/scope.js';
import { dateAt } from '../../calendar/campus-zone.js';
import { campusZone } from '../../calendar/generate.js';
import { requireFingerprintConsent } from '../../consent/consents.js';
import type { Knex } from '../../db/database.js';
import { beginEnrollment } from '../../enrollment/begin-enrollment.js';
import { ANSWER_WITHIN_MS, endEnrollments } from '../../enrollment/enrollment-state.js';
import { Conditions } from '../conditions.js';
import {
  type EnrollmentItem,
  enrollmentBody,
  enrollmentSchema,
  enrollmentsQuery,
} from '../contracts/enrollments.js';
import { API, uuidParams } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, timestampText, uuidText } from '../cursor.js';
import { defineRoute } from '../route.js';
import { ENROLLMENT_SQL, type EnrollmentRow, toEnrollmentItem } from '../views/enrollment-view.js';
import { writeAs } from '../write-as.js';

const TAG = 'Consent and templates';
const PATH = `${API}/enrollments/`;
const SECOND_MS = 1_000;

async function find(knex: Knex, principal: Principal, id: string): Promise<EnrollmentItem> {
  const scope = visibleStudents(principal, 'templates.read');
  const { rows } = await knex.raw<{ rows: EnrollmentRow[] }>(
    `${ENROLLMENT_SQL} WHERE e.id = ?::uuid AND (${scope.sql})`,
    [id, ...scope.bindings],
  );
  const [row] = rows;
  if (row === undefined) throw new RollcallError('NOT_FOUND', `There is no enrollment ${id}`);
  return toEnrollmentItem(row);
}

export const startEnrollment = defineRoute(
  {
    method: 'post',
    path: PATH,
    operationId: 'startEnrollment',
    tag: TAG,
    summary:
      'Begins to enroll fingers of a student at a scanner; refused without a consent in force. Follow it in the stream, or read it again',
    access: 'enrollment.operate',
    status: 201,
    body: enrollmentBody,
    reply: { schema: enrollmentSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'FINGER_EXEMPT', 'CONSENT_MISSING', 'ENROLLMENT_BUSY'],
  },
  async (input, { db, clock, capture, commands }) => {
    const { body, principal } = input;
    const { student: studentId, gateway: gatewayId, device: deviceId, fingers } = body;
    await requireStudent(db.knex, principal, 'enrollment.operate', studentId);
    const item = await writeAs(db.knex, input, async (trx) => {
      const nowMs = clock.wallMs();
      const today = dateAt(nowMs, (await campusZone(trx)) ?? 'UTC');
      const consentId = await requireFingerprintConsent(trx, capture.seal, { studentId, today });
      const { accountId } = principal;
      const id = await beginEnrollment(trx, {
        studentId,
        consentId,
        gatewayId,
        deviceId,
        fingers,
        nowMs,
        accountId,
      });
      return find(trx, principal, id);
    });
    // After the commit: its answer must find the row. A command that gets lost lets the enrollment expire.
    commands.send(
      gatewayId,
      'enroll',
      {
        enrollment_id: item.id,
        device_id: deviceId,
        student_ref: item.student.roll_number,
        fingers,
      },
      { id: item.id, ttlSeconds: ANSWER_WITHIN_MS / SECOND_MS },
    );
    return { body: item };
  },
);

export const listEnrollments = defineRoute(
  {
    method: 'get',
    path: PATH,
    operationId: 'listEnrollments',
    tag: TAG,
    summary: 'Enrollments, newest first, with each capture and its quality; never an image',
    access: 'templates.read',
    query: enrollmentsQuery,
    reply: { schema: pageOf(enrollmentSchema) },
  },
  async ({ principal, query }, { db }) => {
    const scope = visibleStudents(principal, 'templates.read');
    const conditions = new Conditions()
      .add(scope.sql, ...scope.bindings)
      .equal('e.student_id', query.student)
      .equal('e.gateway_id', query.gateway)
      .equal('e.state', query.state);
    const position = decodeCursor(query.cursor, [timestampText, uuidText]);
    if (position !== undefined) {
      conditions.add('(e.requested_at, e.id) < (?::timestamptz, ?::uuid)', ...position);
    }
    const { rows } = await db.knex.raw<{ rows: (EnrollmentRow & { position: string })[] }>(
      `SELECT * FROM (${ENROLLMENT_SQL} WHERE ${conditions.where} ORDER BY e.requested_at DESC, e.id DESC LIMIT ?) page,
         LATERAL (SELECT (page.requested_at AT TIME ZONE 'UTC')::text || '+00' AS position) p
       ORDER BY page.requested_at DESC, page.id DESC`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return {
      body: pageFrom(rows, query.limit, {
        item: toEnrollmentItem,
        position: (row) => [row.position, row.id],
      }),
    };
  },
);

export const readEnrollment = defineRoute(
  {
    method: 'get',
    path: `${PATH}{id}/`,
    operationId: 'readEnrollment',
    tag: TAG,
    summary: 'One enrollment: what is to be done now, and every capture so far',
    access: 'templates.read',
    params: uuidParams,
    reply: { schema: enrollmentSchema },
    errors: ['NOT_FOUND'],
  },
  async ({ principal, params }, { db }) => ({ body: await find(db.knex, principal, params.id) }),
);

export const cancelEnrollment = defineRoute(
  {
    method: 'post',
    path: `${PATH}{id}/cancel/`,
    operationId: 'cancelEnrollment',
    tag: TAG,
    summary: 'Ends an enrollment: nothing more is taken for it from now on; fingers that are stored stay',
    access: 'enrollment.operate',
    params: uuidParams,
    reply: { schema: enrollmentSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'INVALID_TRANSITION'],
  },
  async (input, { db, clock, commands }) => {
    const { params, principal } = input;
    const item = await writeAs(db.knex, input, async (trx) => {
      await find(trx, principal, params.id);
      const ended = await endEnrollments(trx, [params.id], {
        state: 'cancelled',
        at: new Date(clock.wallMs()),
        by: principal.accountId,
      });
      if (ended.length === 0)
        throw new RollcallError('INVALID_TRANSITION', 'This enrollment is over already');
      return find(trx, principal, params.id);
    });
    commands.send(item.gateway, 'enroll_cancel', { enrollment_id: item.id });
    return { body: item };
  },
);
