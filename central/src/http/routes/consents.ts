import { RollcallError } from '@rollcall/protocol/errors';
import type * as z from 'zod';
import { reachesOf } from '../../auth/permissions.js';
import type { Principal } from '../../auth/principal.js';
import { requireStudent, visibleStudents } from '../../auth/scope.js';
import { dateAt } from '../../calendar/campus-zone.js';
import { campusZone } from '../../calendar/generate.js';
import { isKnownAdult, requireAdult } from '../../consent/adult.js';
import { type ConsentPurpose, grantConsent, revokeConsent } from '../../consent/consents.js';
import type { Knex } from '../../db/database.js';
import { stopScanners } from '../../enrollment/stop-scanners.js';
import { Conditions } from '../conditions.js';
import { type ConsentItem, consentBody, consentSchema, consentsQuery } from '../contracts/consents.js';
import { API, toInstant, toInstantOrNull, uuidParams } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, uuidText } from '../cursor.js';
import { defineRoute, type HttpContext } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'Consent and templates';
const PATH = `${API}/consents/`;

interface Row {
  id: string;
  student_id: string;
  roll_number: string;
  purpose: ConsentPurpose;
  actor: 'self' | 'guardian';
  guardian_id: string | null;
  channel: 'page' | 'paper' | 'office';
  notice_version: string;
  language: 'en' | 'te' | 'hi';
  granted_at: Date;
  revoked_at: Date | null;
}

const SELECT_SQL = 'SELECT c.*, st.roll_number FROM consent c JOIN student st ON st.id = c.student_id';

const toItem = (row: Row): ConsentItem => ({
  id: row.id,
  student: { id: row.student_id, roll_number: row.roll_number },
  purpose: row.purpose,
  actor: row.actor,
  guardian: row.guardian_id,
  channel: row.channel,
  notice_version: row.notice_version,
  language: row.language,
  granted_at: toInstant(row.granted_at),
  revoked_at: toInstantOrNull(row.revoked_at),
});

async function load(knex: Knex, id: string): Promise<ConsentItem> {
  const { rows } = await knex.raw<{ rows: Row[] }>(`${SELECT_SQL} WHERE c.id = ?::uuid`, [id]);
  return toItem(rows[0] as Row);
}

export const listConsents = defineRoute(
  {
    method: 'get',
    path: PATH,
    operationId: 'listConsents',
    tag: TAG,
    summary: 'What was consented to, by whom, after which notice, and what was withdrawn',
    access: 'consent.read',
    query: consentsQuery,
    reply: { schema: pageOf(consentSchema) },
  },
  async ({ principal, query }, { db }) => {
    const scope = visibleStudents(principal, 'consent.read');
    const conditions = new Conditions()
      .add(scope.sql, ...scope.bindings)
      .equal('c.student_id', query.student)
      .equal('c.purpose', query.purpose)
      .equal('(c.revoked_at IS NULL)', query.live);
    const position = decodeCursor(query.cursor, [uuidText]);
    if (position !== undefined) conditions.add('c.id > ?::uuid', ...position);
    const { rows } = await db.knex.raw<{ rows: Row[] }>(
      `${SELECT_SQL} WHERE ${conditions.where} ORDER BY c.id LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return { body: pageFrom(rows, query.limit, { item: toItem, position: (row) => [row.id] }) };
  },
);

export const grant = defineRoute(
  {
    method: 'post',
    path: PATH,
    operationId: 'grantConsent',
    tag: TAG,
    summary:
      'Records a consent: of the student, or of a guardian, who has to consent to fingerprints under 18',
    access: 'consent.write',
    status: 201,
    body: consentBody,
    reply: { schema: consentSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'ALREADY_EXISTS', 'GUARDIAN_NEEDED'],
  },
  async (input, context) => {
    const { body, principal } = input;
    const { knex } = context.db;
    await requireStudent(knex, principal, 'consent.write', body.student);
    refuseOthersVoice(principal, body);
    const item = await writeAs(knex, input, async (trx) => {
      await refuseUnfit(trx, context, body);
      const { student: studentId, guardian: guardianId, notice_version, notice_sha256, ...rest } = body;
      const consent = {
        ...rest,
        studentId,
        guardianId,
        noticeVersion: notice_version,
        noticeSha256: notice_sha256,
      };
      const actor = { accountId: principal.accountId, nowMs: context.clock.wallMs() };
      return load(trx, await grantConsent(trx, consent, actor));
    });
    return { body: item };
  },
);

export const revoke = defineRoute(
  {
    method: 'post',
    path: `${PATH}{id}/revoke/`,
    operationId: 'revokeConsent',
    tag: TAG,
    summary: 'Withdraws a consent; templates that hang on it are destroyed at once',
    access: 'consent.write',
    params: uuidParams,
    reply: { schema: consentSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'INVALID_TRANSITION'],
  },
  async (input, { db, clock, commands }) => {
    const { params, principal } = input;
    const scope = visibleStudents(principal, 'consent.write');
    const { rows } = await db.knex.raw<{ rows: object[] }>(
      `SELECT 1 FROM consent c JOIN student st ON st.id = c.student_id WHERE c.id = ?::uuid AND (${scope.sql})`,
      [params.id, ...scope.bindings],
    );
    if (rows.length === 0) throw new RollcallError('NOT_FOUND', `There is no consent ${params.id}`);
    const { item, ended } = await writeAs(db.knex, input, async (trx) => {
      const actor = { accountId: principal.accountId, nowMs: clock.wallMs() };
      const ended = await revokeConsent(trx, params.id, actor);
      return { item: await load(trx, params.id), ended };
    });
    stopScanners(commands, ended);
    return { body: item };
  },
);

type Body = z.output<typeof consentBody>;

/** On the page everybody speaks for themselves; the office records what it has on paper or heard. */
function refuseOthersVoice(principal: Principal, { actor, guardian, student, channel }: Body): void {
  const isOffice = reachesOf(principal, 'consent.write').some(({ reach }) => reach === 'all');
  const isOwn =
    channel === 'page' &&
    (actor === 'self' ? principal.studentId === student : principal.guardianId === guardian);
  if (isOwn || (isOffice && channel !== 'page')) return;
  throw new RollcallError(
    'FORBIDDEN',
    'On the page a consent is the own one; what others said is recorded by the office, on paper or in person',
  );
}

async function refuseUnfit(trx: Knex, { clock, capture }: HttpContext, body: Body): Promise<void> {
  if (body.guardian !== null) {
    const known = await trx('guardianship')
      .where({ guardian_id: body.guardian, student_id: body.student })
      .first('guardian_id');
    if (known === undefined) {
      throw new RollcallError('REQUEST_INVALID', 'guardian: is no guardian of this student');
    }
  }
  if (body.purpose !== 'fingerprint') return;
  const today = dateAt(clock.wallMs(), (await campusZone(trx)) ?? 'UTC');
  const person = { studentId: body.student, today };
  if (body.guardian === null) return requireAdult(trx, capture.seal, person);
  if (!(await isKnownAdult(trx, capture.seal, person))) return;
  throw new RollcallError('FORBIDDEN', 'The student is of age: nobody else consents to fingerprints');
}
