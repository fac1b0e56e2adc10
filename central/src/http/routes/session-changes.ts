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
import { API, uuidParams } from '../contracts/fields.js';
import {
  createSessionBody,
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
