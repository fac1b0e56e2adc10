import { RollcallError } from '@rollcall/protocol/errors';
import type * as z from 'zod';
import { writeAudit } from '../../audit/write-audit.js';
import { requireSession } from '../../auth/scope.js';
import { holdCalendar } from '../../calendar/hold-calendar.js';
import { rosterOf } from '../../capture/roster-of.js';
import type { Knex } from '../../db/database.js';
import { findByIndex } from '../../db/prepared.js';
import { judgeInRequest } from '../../marks/judge-in-request.js';
import { cancelScheduled, changeNotes, changeTimes } from '../../sessions/edit-session.js';
import { changeRoom } from '../../sessions/move-session.js';
import { holdSession, refuseLocked } from '../../sessions/session-row.js';
import { API, uuidParams } from '../contracts/fields.js';
import {
  deleteSessionBody,
  editSessionBody,
  generatedRecordsSchema,
  sessionSchema,
} from '../contracts/sessions.js';
import { defineRoute, type HttpContext, type Route } from '../route.js';
import { type Writer, writeAs } from '../write-as.js';
import {
  authorityOver,
  CHANGE_ERRORS,
  IF_MATCH,
  refuseBelow,
  type SessionReply,
  sessionReply,
  versionOf,
} from './session-actions.js';

const TAG = 'Changes of class sessions';

type EditBody = z.output<typeof editSessionBody>;
interface EditInput extends Writer {
  params: { id: string };
  body: EditBody;
}

/** The seed's update and partial update (domain A5): both write what the body has and leave the rest. */
export const editSession: readonly Route[] = (
  [
    ['patch', 'editSession'],
    ['put', 'replaceSession'],
  ] as const
).map(([method, operationId]) =>
  defineRoute(
    {
      method,
      path: `${API}/sessions/{id}/`,
      operationId,
      tag: TAG,
      summary: 'Writes notes and room of a class session anew, and its times while it is scheduled',
      access: 'sessions.change',
      rate: 'sessions',
      params: uuidParams,
      body: editSessionBody,
      headers: IF_MATCH,
      reply: { schema: sessionSchema },
      errors: [...CHANGE_ERRORS, 'CLASH'],
    },
    edit,
  ),
);

async function edit(input: EditInput, { db, clock }: HttpContext): Promise<SessionReply> {
  const { principal, params, body } = input;
  await requireSession(db.knex, principal, 'sessions.change', params.id);
  const isMoved = body.start_datetime !== undefined || body.end_datetime !== undefined;
  if (isMoved) refuseBelow(await authorityOver(db.knex, principal, 'sessions.change', params.id));
  await writeAs(db.knex, input, async (trx) => {
    if (isMoved) await holdCalendar(trx);
    // Looked at once: each part of the change gives the class a new version.
    refuseLocked(await holdSession(trx, params.id, versionOf(input)));
    await refuseOtherClass(trx, params.id, body);
    const change = {
      sessionId: params.id,
      reason: body.reason,
      accountId: principal.accountId,
      nowMs: clock.wallMs(),
    };
    if (isMoved) {
      const times = { startAt: dateOf(body.start_datetime), endAt: dateOf(body.end_datetime) };
      await changeTimes(trx, times, change);
    }
    if (body.room !== undefined) await changeRoom(trx, body.room, change);
    if (body.notes !== undefined) await changeNotes(trx, body.notes, change);
  });
  return sessionReply(db.knex, params.id);
}

const dateOf = (text: string | undefined): Date | undefined =>
  text === undefined ? undefined : new Date(text);

const FIXED = {
  academic_period: 'academic_period_id',
  course_section: 'section_id',
  faculty: 'faculty_code',
  timetable_slot: 'timetable_slot_id',
  scheduled_date: 'scheduled_date',
  makeup: 'makeup',
} as const;

/** The seed's clients send the whole class back: what does not change here has to be what is there. */
async function refuseOtherClass(trx: Knex, id: string, body: EditBody): Promise<void> {
  const row = await trx('attendance_session').where({ id }).first<Record<string, unknown>>();
  for (const [field, column] of Object.entries(FIXED)) {
    const given = body[field as keyof typeof FIXED];
    if (given === undefined || given === row[column]) continue;
    throw new RollcallError(
      'REQUEST_INVALID',
      `${field}: cannot be changed here (it is ${String(row[column])}); use substitute/, swap/ or cancel/, or make another class`,
    );
  }
}

export const deleteSession = defineRoute(
  {
    method: 'delete',
    path: `${API}/sessions/{id}/`,
    operationId: 'deleteSession',
    tag: TAG,
    summary: 'Cancels a class session that has not opened; nothing of it is removed',
    access: 'sessions.change',
    rate: 'sessions',
    params: uuidParams,
    body: deleteSessionBody,
    headers: IF_MATCH,
    reply: { schema: sessionSchema },
    errors: CHANGE_ERRORS,
  },
  async (input, { db, clock }) => {
    const { principal, params, body } = input;
    await requireSession(db.knex, principal, 'sessions.change', params.id);
    const authority = await authorityOver(db.knex, principal, 'sessions.change', params.id);
    await writeAs(db.knex, input, (trx) =>
      cancelScheduled(trx, {
        sessionId: params.id,
        reason: body.reason,
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
        expectedVersion: versionOf(input),
        authority,
      }),
    );
    return sessionReply(db.knex, params.id);
  },
);

/** Where the seed writes everybody absent (domain A10.5), everybody is judged by what is known now. */
export const generateRecords = defineRoute(
  {
    method: 'post',
    path: `${API}/sessions/{id}/generate-records/`,
    operationId: 'generateSessionRecords',
    tag: TAG,
    summary:
      'Judges everybody on the roster of a class session; again it changes nothing, and makes nobody absent',
    access: 'sessions.operate',
    rate: 'sessions',
    params: uuidParams,
    reply: { schema: generatedRecordsSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'SESSION_LOCKED'],
  },
  async (input, { db, clock }) => {
    const { principal, params } = input;
    await requireSession(db.knex, principal, 'sessions.operate', params.id);
    const nowMs = clock.wallMs();
    const counts = await writeAs(db.knex, input, async (trx) => {
      refuseLocked(await holdSession(trx, params.id));
      const roster = await rosterOf(trx, params.id);
      await findByIndex(trx);
      await judgeInRequest(
        trx,
        roster.map(({ studentId }) => ({ sessionId: params.id, studentId })),
        nowMs,
      );
      const records = await trx('attendance_record')
        .where({ session_id: params.id })
        .whereIn(
          'student_id',
          roster.map(({ studentId }) => studentId),
        )
        .pluck('id');
      const made = { students: roster.length, records: records.length };
      await writeAudit(trx, [
        {
          at: new Date(nowMs),
          entityType: 'attendance_session',
          entityId: params.id,
          action: 'generate_records',
          performedBy: principal.accountId,
          after: made,
          sessionId: params.id,
        },
      ]);
      return made;
    });
    return { body: { session_id: params.id, ...counts } };
  },
);
