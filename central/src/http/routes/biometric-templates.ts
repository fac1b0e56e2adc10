import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../../audit/write-audit.js';
import type { Principal } from '../../auth/principal.js';
import { requireStudent, visibleStudents } from '../../auth/scope.js';
import { dateAt } from '../../calendar/campus-zone.js';
import { campusZone } from '../../calendar/generate.js';
import { requireFingerprintConsent, revokeTemplates } from '../../consent/consents.js';
import type { Knex } from '../../db/database.js';
import { Conditions } from '../conditions.js';
import {
  enrollableSchema,
  enrollBody,
  revokeTemplateBody,
  type TemplateItem,
  templateSchema,
  templatesQuery,
} from '../contracts/consents.js';
import { API, uuidParams } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, uuidText } from '../cursor.js';
import { defineRoute } from '../route.js';
import { TEMPLATE_SQL, type TemplateRow, toTemplateItem } from '../views/template-view.js';
import { writeAs } from '../write-as.js';

const TAG = 'Consent and templates';
const PATH = `${API}/biometric-templates/`;

async function find(knex: Knex, principal: Principal, id: string): Promise<TemplateItem> {
  const scope = visibleStudents(principal, 'templates.read');
  const { rows } = await knex.raw<{ rows: TemplateRow[] }>(
    `${TEMPLATE_SQL} WHERE t.id = ?::uuid AND (${scope.sql})`,
    [id, ...scope.bindings],
  );
  const [row] = rows;
  if (row === undefined) throw new RollcallError('NOT_FOUND', `There is no template ${id}`);
  return toTemplateItem(row);
}

export const listTemplates = defineRoute(
  {
    method: 'get',
    path: PATH,
    operationId: 'listBiometricTemplates',
    tag: TAG,
    summary: 'Whose fingers are enrolled, never the templates; every look is audited',
    access: 'templates.read',
    query: templatesQuery,
    reply: { schema: pageOf(templateSchema) },
  },
  async (input, { db, clock }) => {
    const { principal, query } = input;
    const scope = visibleStudents(principal, 'templates.read');
    const conditions = new Conditions()
      .add(scope.sql, ...scope.bindings)
      .equal('t.student_id', query.student)
      .equal('t.state', query.state);
    const position = decodeCursor(query.cursor, [uuidText]);
    if (position !== undefined) conditions.add('t.id > ?::uuid', ...position);
    const { rows } = await db.knex.raw<{ rows: TemplateRow[] }>(
      `${TEMPLATE_SQL} WHERE ${conditions.where} ORDER BY t.id LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    await writeAs(db.knex, input, (trx) =>
      writeAudit(trx, [
        {
          at: new Date(clock.wallMs()),
          entityType: 'attendance_biometric_template',
          entityId: query.student ?? 'list',
          action: 'read',
          performedBy: principal.accountId,
          after: { shown: Math.min(rows.length, query.limit) },
          studentId: query.student ?? null,
        },
      ]),
    );
    return { body: pageFrom(rows, query.limit, { item: toTemplateItem, position: (row) => [row.id] }) };
  },
);

export const readTemplate = defineRoute(
  {
    method: 'get',
    path: `${PATH}{id}/`,
    operationId: 'readBiometricTemplate',
    tag: TAG,
    summary: 'What is known of one enrolled finger, never the template; the look is audited',
    access: 'templates.read',
    params: uuidParams,
    reply: { schema: templateSchema },
    errors: ['NOT_FOUND'],
  },
  async (input, { db, clock }) => {
    const { principal, params } = input;
    const item = await find(db.knex, principal, params.id);
    await writeAs(db.knex, input, (trx) =>
      writeAudit(trx, [
        {
          at: new Date(clock.wallMs()),
          entityType: 'attendance_biometric_template',
          entityId: item.id,
          action: 'read',
          performedBy: principal.accountId,
          studentId: item.student.id,
        },
      ]),
    );
    return { body: item };
  },
);

export const enrollTemplate = defineRoute(
  {
    method: 'post',
    path: `${PATH}enroll/`,
    operationId: 'enrollBiometricTemplate',
    tag: TAG,
    summary:
      'Asks whether a finger may be enrolled; refused without a consent in force. It is taken at a scanner then',
    access: 'enrollment.operate',
    body: enrollBody,
    reply: { schema: enrollableSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'FINGER_EXEMPT', 'CONSENT_MISSING'],
  },
  async (input, { db, clock, capture }) => {
    const { body, principal } = input;
    await requireStudent(db.knex, principal, 'enrollment.operate', body.student);
    const today = dateAt(clock.wallMs(), (await campusZone(db.knex)) ?? 'UTC');
    const consent = await requireFingerprintConsent(db.knex, capture.seal, {
      studentId: body.student,
      today,
    });
    const replaced = await db
      .knex('attendance_biometric_template')
      .where({ student_id: body.student, finger_position: body.finger_position, state: 'active' })
      .first<{ id: string } | undefined>('id');
    await writeAs(db.knex, input, (trx) =>
      writeAudit(trx, [
        {
          at: new Date(clock.wallMs()),
          entityType: 'attendance_biometric_template',
          entityId: `${body.student}/${body.finger_position}`,
          action: 'enrollment_allowed',
          performedBy: principal.accountId,
          after: { consent, finger_position: body.finger_position },
          studentId: body.student,
        },
      ]),
    );
    return { body: { ...body, consent, replaces: replaced?.id ?? null } };
  },
);

export const revokeTemplate = defineRoute(
  {
    method: 'post',
    path: `${PATH}{id}/revoke/`,
    operationId: 'revokeBiometricTemplate',
    tag: TAG,
    summary: 'Destroys a template: its bytes here at once, and on every gateway that has it',
    access: 'enrollment.operate',
    params: uuidParams,
    body: revokeTemplateBody,
    reply: { schema: templateSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'INVALID_TRANSITION'],
  },
  async (input, { db, clock }) => {
    const { params, body, principal } = input;
    const item = await writeAs(db.knex, input, async (trx) => {
      const found = await find(trx, principal, params.id);
      if (found.state === 'revoked') {
        throw new RollcallError('INVALID_TRANSITION', 'This template was revoked already');
      }
      const actor = { accountId: principal.accountId, nowMs: clock.wallMs(), reason: body.reason };
      await revokeTemplates(trx, [params.id], actor);
      return find(trx, principal, params.id);
    });
    return { body: item };
  },
);
