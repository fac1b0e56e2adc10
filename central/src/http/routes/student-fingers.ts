import { writeAudit } from '../../audit/write-audit.js';
import type { Principal } from '../../auth/principal.js';
import { requireStudent } from '../../auth/scope.js';
import { revokeTemplates } from '../../consent/consents.js';
import type { Knex } from '../../db/database.js';
import { tellTerminals } from '../../devices/tell-terminals.js';
import { endForStudent } from '../../enrollment/enrollment-state.js';
import { stopScanners } from '../../enrollment/stop-scanners.js';
import { revokeTemplateBody } from '../contracts/consents.js';
import { type StudentFingers, studentFingersSchema } from '../contracts/enrollments.js';
import { API, toInstant, toInstantOrNull, uuidParams } from '../contracts/fields.js';
import { defineRoute } from '../route.js';
import { loadTemplateItems } from '../views/template-view.js';
import { writeAs } from '../write-as.js';

const TAG = 'Consent and templates';
const PATH = `${API}/students/{id}/fingers/`;

interface Awaited {
  template: string;
  finger_position: number;
  gateway: string;
  since: Date;
}

async function load(knex: Knex, studentId: string): Promise<StudentFingers> {
  const { rows: students } = await knex.raw<{
    rows: { roll_number: string; last_recognized_at: Date | null }[];
  }>(
    `SELECT st.roll_number, (SELECT max(p.effective_at) FROM punch p
       WHERE p.student_id = st.id AND p.kind = 'finger') AS last_recognized_at
     FROM student st WHERE st.id = ?::uuid`,
    [studentId],
  );
  const [student] = students as [(typeof students)[number]];
  const { rows: awaited } = await knex.raw<{ rows: Awaited[] }>(
    `SELECT t.id AS template, t.finger_position, d.gateway_id AS gateway, d.changed_at AS since
     FROM attendance_biometric_template t JOIN template_deployment d ON d.template_id = t.id AND d.state = 'removing'
     WHERE t.student_id = ?::uuid ORDER BY d.changed_at, d.gateway_id, t.id`,
    [studentId],
  );
  return {
    student: { id: studentId, roll_number: student.roll_number },
    fingers: await loadTemplateItems(knex, studentId),
    last_recognized_at: toInstantOrNull(student.last_recognized_at),
    awaited: awaited.map((row) => ({ ...row, since: toInstant(row.since) })),
  };
}

export const readStudentFingers = defineRoute(
  {
    method: 'get',
    path: PATH,
    operationId: 'readStudentFingers',
    tag: TAG,
    summary:
      "A student's fingers: enrolled where, when last used, and which gateways have still to delete one; every look is audited",
    access: 'templates.read',
    params: uuidParams,
    reply: { schema: studentFingersSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN'],
  },
  async (input, { db, clock }) => {
    const { principal, params } = input;
    await requireStudent(db.knex, principal, 'templates.read', params.id);
    const body = await writeAs(db.knex, input, async (trx) => {
      await auditLook(trx, principal, params.id, new Date(clock.wallMs()));
      return load(trx, params.id);
    });
    return { body };
  },
);

export const deleteStudentFingers = defineRoute(
  {
    method: 'post',
    path: `${PATH}delete/`,
    operationId: 'deleteStudentFingers',
    tag: TAG,
    summary:
      'Deletes all fingers of a student everywhere: here at once, on each gateway until it says so; an enrollment under way ends. A terminal keeps fingers of its own: an item names each that was told to know the student',
    access: 'enrollment.operate',
    params: uuidParams,
    body: revokeTemplateBody,
    reply: { schema: studentFingersSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN'],
  },
  async (input, { db, clock, commands }) => {
    const { principal, params, body: asked } = input;
    await requireStudent(db.knex, principal, 'enrollment.operate', params.id);
    const { body, ended } = await writeAs(db.knex, input, async (trx) => {
      const nowMs = clock.wallMs();
      const { accountId } = principal;
      // First: what is under way holds its enrollment, and would bring a template back after this.
      const ended = await endForStudent(trx, params.id, { at: new Date(nowMs), by: accountId });
      const ids = await trx('attendance_biometric_template')
        .where({ student_id: params.id, state: 'active' })
        .pluck<string[]>('id');
      if (ids.length > 0) await revokeTemplates(trx, ids, { accountId, nowMs, reason: asked.reason });
      await tellTerminals(trx, params.id, new Date(nowMs));
      return { body: await load(trx, params.id), ended };
    });
    stopScanners(commands, ended);
    return { body };
  },
);

const auditLook = (trx: Knex, principal: Principal, studentId: string, at: Date): Promise<void> =>
  writeAudit(trx, [
    {
      at,
      entityType: 'attendance_biometric_template',
      entityId: studentId,
      action: 'read',
      performedBy: principal.accountId,
      studentId,
    },
  ]);
