import { RollcallError } from '@rollcall/protocol/errors';
import type { Principal } from '../../auth/principal.js';
import { isAboveClass, requireSession, visibleStudents } from '../../auth/scope.js';
import { teachesGroups } from '../../auth/taught-groups.js';
import { instantOf, plusDays } from '../../calendar/campus-zone.js';
import { campusZone } from '../../calendar/generate.js';
import type { Knex } from '../../db/database.js';
import type { Authority } from '../../sessions/change-session.js';
import { findClashingStudents } from '../../sessions/clashing-students.js';
import { createSession, type NewSession } from '../../sessions/create-session.js';
import { changeRoom, substitute } from '../../sessions/move-session.js';
import { recordChange } from '../../sessions/record-change.js';
import { holdSession, refuseLocked } from '../../sessions/session-row.js';
import { swapSession } from '../../sessions/swap.js';
import { emptySchema } from '../contracts/auth.js';
import { API, uuidParams } from '../contracts/fields.js';
import {
  createSessionBody,
  guestBody,
  headcountBody,
  makeupPreviewBody,
  makeupPreviewSchema,
  roomBody,
  sessionSchema,
  substituteBody,
  swapBody,
} from '../contracts/sessions.js';
import { newSessionOf } from '../new-session.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';
import {
  authorityOver,
  CHANGE_ERRORS,
  IF_MATCH,
  refuseBelow,
  sessionReply,
  versionOf,
} from './session-actions.js';

const TAG = 'Changes of class sessions';

export const create = defineRoute(
  {
    method: 'post',
    path: `${API}/sessions/`,
    operationId: 'createSession',
    tag: TAG,
    summary: 'Makes a class session that the timetable does not have: ad hoc, makeup or extra',
    access: 'sessions.change',
    rate: 'sessions',
    status: 201,
    body: createSessionBody,
    reply: { schema: sessionSchema },
    errors: ['AD_HOC_TOO_LATE', 'ALREADY_EXISTS', 'CLASH', 'CONFIG_INVALID', 'FORBIDDEN'],
  },
  async (input, { db, clock }) => {
    const { body, principal } = input;
    const session = await newSessionOf(db.knex, body);
    const id = await writeAs(db.knex, input, async (trx) =>
      createSession(trx, {
        session,
        nowMs: clock.wallMs(),
        accountId: principal.accountId,
        authority: await authorityToCreate(trx, principal, session),
      }),
    );
    return sessionReply(db.knex, id);
  },
);

/**
 * A head makes classes of the own department; faculty make those that they teach anyhow, since whoever may name any
 * group would reach its students (cases 71, 157).
 *
 * @throws RollcallError `FORBIDDEN`
 */
export async function authorityToCreate(
  trx: Knex,
  principal: Principal,
  { faculty, course, sections, date }: NewSession,
): Promise<Authority> {
  if (principal.grants.some(({ role }) => role === 'admin')) return 'admin';
  if (await isAboveClass(trx, principal, 'sessions.change', { course, sections })) return 'head';
  const isOwn =
    principal.facultyCode === faculty &&
    (await teachesGroups(trx, { facultyCode: faculty, course, sections, date }));
  if (isOwn) return 'faculty';
  throw new RollcallError(
    'FORBIDDEN',
    'You can enter classes of your own that you teach by the timetable; ask the head of the department',
  );
}

export const makeupPreview = defineRoute(
  {
    method: 'post',
    path: `${API}/sessions/makeup-preview/`,
    operationId: 'makeupPreview',
    tag: TAG,
    summary: 'Students of these groups who have another class at that time; changes nothing',
    access: 'sessions.change',
    body: makeupPreviewBody,
    reply: { schema: makeupPreviewSchema },
  },
  async ({ body, principal }, { db }) => {
    const zone = await campusZone(db.knex);
    if (zone === undefined) return { body: { clashes: [], others: 0 } };
    const endDate = body.end_time > body.start_time ? body.date : plusDays(body.date, 1);
    const found = await findClashingStudents(db.knex, body.sections, {
      start: new Date(instantOf(body.date, body.start_time, zone)),
      end: new Date(instantOf(endDate, body.end_time, zone)),
      date: body.date,
      seen: visibleStudents(principal, 'people.read'),
    });
    return { body: found };
  },
);

const changeContract = (name: string, summary: string) =>
  ({
    method: 'post',
    path: `${API}/sessions/{id}/${name}/`,
    operationId: `${name.replaceAll(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase())}Session`,
    tag: TAG,
    summary,
    access: 'sessions.change',
    rate: 'sessions',
    params: uuidParams,
    headers: IF_MATCH,
    reply: { schema: sessionSchema },
    errors: [...CHANGE_ERRORS, 'CLASH'],
  }) as const;

export const moveRoom = defineRoute(
  { ...changeContract('room-change', 'Moves a class session to another room from now on'), body: roomBody },
  async (input, { db, clock }) => {
    const { principal, params, body } = input;
    await requireSession(db.knex, principal, 'sessions.change', params.id);
    await writeAs(db.knex, input, (trx) =>
      changeRoom(trx, body.room, {
        sessionId: params.id,
        reason: body.reason,
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
        expectedVersion: versionOf(input),
      }),
    );
    return sessionReply(db.knex, params.id);
  },
);

export const substituteFaculty = defineRoute(
  {
    ...changeContract('substitute', 'Another faculty member takes the class; it stays the same course'),
    body: substituteBody,
  },
  async (input, { db, clock }) => {
    const { principal, params, body } = input;
    await requireSession(db.knex, principal, 'sessions.change', params.id);
    await writeAs(db.knex, input, (trx) =>
      substitute(trx, body.faculty, {
        sessionId: params.id,
        reason: body.reason,
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
        expectedVersion: versionOf(input),
      }),
    );
    return sessionReply(db.knex, params.id);
  },
);

export const swap = defineRoute(
  {
    ...changeContract('swap', 'Another course is taught in this hour; the answer is the class held instead'),
    errors: [...CHANGE_ERRORS, 'CLASH', 'AD_HOC_TOO_LATE', 'CONFIG_INVALID'],
    body: swapBody,
  },
  async (input, { db, clock }) => {
    const { principal, params, body } = input;
    await requireSession(db.knex, principal, 'sessions.change', params.id);
    refuseBelow(await authorityOver(db.knex, principal, 'sessions.change', params.id));
    const id = await writeAs(db.knex, input, (trx) =>
      swapSession(trx, {
        sessionId: params.id,
        course: body.course,
        faculty: body.faculty,
        reason: body.reason,
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
        expectedVersion: versionOf(input),
      }),
    );
    return sessionReply(db.knex, id);
  },
);

export const headcount = defineRoute(
  {
    ...changeContract('headcount', 'How many heads were counted, beside what the system says'),
    access: 'sessions.operate',
    body: headcountBody,
  },
  async (input, { db, clock }) => {
    const { principal, params, body } = input;
    await requireSession(db.knex, principal, 'sessions.operate', params.id);
    await writeAs(db.knex, input, async (trx) => {
      const session = await holdSession(trx, params.id, versionOf(input));
      refuseLocked(session);
      await trx('attendance_session').where({ id: params.id }).update({ headcount: body.headcount });
      await recordChange(trx, {
        sessionId: params.id,
        kind: 'headcount',
        before: { headcount: session.headcount },
        after: { headcount: body.headcount },
        reason: body.reason,
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
      });
    });
    return sessionReply(db.knex, params.id);
  },
);

export const addGuest = defineRoute(
  {
    method: 'post',
    path: `${API}/sessions/{id}/guests/`,
    operationId: 'addSessionGuest',
    tag: TAG,
    summary: "Lets a student of another batch take part; the mark goes to the own batch's class",
    access: 'records.mark',
    rate: 'sessions',
    params: uuidParams,
    body: guestBody,
    reply: { schema: emptySchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'SESSION_LOCKED'],
  },
  async (input, { db, clock }) => {
    const { principal, params, body } = input;
    await requireSession(db.knex, principal, 'records.mark', params.id);
    await writeAs(db.knex, input, async (trx) => {
      const session = await holdSession(trx, params.id);
      refuseLocked(session);
      const student = await trx('student')
        .where({ roll_number: body.student })
        .first<{ id: string } | undefined>('id');
      if (student === undefined) {
        throw new RollcallError('REQUEST_INVALID', `student: there is no student ${body.student}`);
      }
      const own = await trx('session_section as x')
        .join('roster_membership as m', 'm.section_id', 'x.section_id')
        .join('attendance_session as o', 'o.id', 'x.session_id')
        .where({ 'x.session_id': body.counts_for_session_id, 'm.student_id': student.id })
        .where('o.course_code', session.course_code)
        .whereRaw('m.valid_during @> x.scheduled_date')
        .first('x.session_id');
      if (own === undefined) {
        throw new RollcallError(
          'REQUEST_INVALID',
          'counts_for_session_id: must be a class of the same course with the student on its roster',
        );
      }
      // The mark goes there: a class that is locked gets none.
      refuseLocked(await holdSession(trx, body.counts_for_session_id));
      const isOwn = await trx('session_section as x')
        .join('roster_membership as m', 'm.section_id', 'x.section_id')
        .where({ 'x.session_id': params.id, 'm.student_id': student.id })
        .whereRaw('m.valid_during @> x.scheduled_date')
        .first('x.session_id');
      // One presence would be two: the mark here, and the mark there.
      if (isOwn !== undefined) {
        throw new RollcallError(
          'REQUEST_INVALID',
          `student: ${body.student} is on the roster of this class, and no guest in it`,
        );
      }
      const before = await trx('session_guest')
        .where({ session_id: params.id, student_id: student.id })
        .first<{ counts_for_session_id: string } | undefined>('counts_for_session_id');
      await trx('session_guest')
        .insert({
          session_id: params.id,
          student_id: student.id,
          counts_for_session_id: body.counts_for_session_id,
          allowed_by: principal.accountId,
          allowed_at: new Date(clock.wallMs()),
        })
        .onConflict(['session_id', 'student_id'])
        .merge();
      // A class that the mark went to before loses it.
      const judged = [
        params.id,
        body.counts_for_session_id,
        ...(before ? [before.counts_for_session_id] : []),
      ];
      await trx('judgement_todo').insert(judged.map((id) => ({ session_id: id, student_id: student.id })));
      await recordChange(trx, {
        sessionId: params.id,
        kind: 'groups',
        before: before === undefined ? {} : { guest: body.student, counts_for: before.counts_for_session_id },
        after: { guest: body.student, counts_for: body.counts_for_session_id },
        reason: body.reason,
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
      });
    });
    return { body: {} };
  },
);
