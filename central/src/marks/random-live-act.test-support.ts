import { createHash } from 'node:crypto';
import { hasCode } from '@rollcall/protocol/errors';
import { applyHoliday, withdrawHoliday } from '../calendar/apply-holiday.js';
import type { Holiday } from '../calendar/day-rules.js';
import { endExemption, grantExemption, holdExemption } from '../consent/finger-exemptions.js';
import type { Database, Knex } from '../db/database.js';
import { sayOffset } from '../devices/say-offset.js';
import { changeState, holdCredential } from '../people/credentials.js';
import { replayKnown } from '../people/replay-known.js';
import { holdMembership, join, leave } from '../roster/memberships.js';
import { changeSession } from '../sessions/change-session.js';
import { SYSTEM } from '../sessions/transition.js';
import { queuePairs, queueStudent } from './queue.js';
import type { Act } from './random-acts.test-support.js';

/** For tests: what an act finds around it. */
export interface ActPlace {
  db: Pick<Database, 'knex'>;
  students: readonly string[];
  /** Campus-local. */
  date: string;
  dayBefore: string;
  instant(msOfDay: number): Date;
  nowMs: number;
}

interface Doing<A extends Act> {
  trx: Knex;
  act: A;
  studentId: string;
  sessionId: string;
  place: ActPlace;
}

type Of<What extends Act['what']> = Extract<Act, { what: What }>;
type Doers = {
  [What in Act['what']]: (doing: Doing<Of<What>>) => Promise<unknown>;
};

/** A group of the section that has no class of its own: its students are on holiday in those of the others. */
const GROUP_ON_HOLIDAY = 'b2';

/** Does one act as the routes do it: in a transaction, by the functions that they call. */
export async function liveAct(act: Act, place: ActPlace): Promise<void> {
  const studentId = 'student' in act ? (place.students[act.student] ?? '') : '';
  const sessionId = 'session' in act ? idOf('session', act.session) : '';
  const doer = DOERS[act.what] as (doing: Doing<Act>) => Promise<unknown>;
  await place.db.knex.transaction((trx) => doer({ trx, act, studentId, sessionId, place }));
  // A card that was handed on is resolved again once that is committed.
  if (act.what === 'card') await replayKnown(place.db, [studentId], place.instant(act.fromMs));
}

const DOERS: Doers = {
  decide: async ({ trx, act, studentId, sessionId, place }) => {
    await trx('decision').insert({
      id: idOf('decision', act),
      session_id: sessionId,
      student_id: studentId,
      kind: act.kind,
      mark: act.mark,
      reason: 'because',
      source: act.kind === 'offline' ? 'offline' : 'manual',
      decided_at: place.instant(act.atMs),
      received_at: new Date(place.nowMs),
    });
    await queuePairs(trx, [{ sessionId, studentId }]);
  },
  withdraw: async ({ trx, act, studentId, sessionId, place }) => {
    await trx('decision')
      .where({ id: idOf('decision', act.decision) })
      .update({ withdrawn_at: new Date(place.nowMs) });
    await queuePairs(trx, [{ sessionId, studentId }]);
  },
  scan: async ({ trx, act, studentId, sessionId, place }) => {
    await trx('qr_scan').insert({
      id: idOf('scan', act),
      session_id: sessionId,
      student_id: studentId,
      scanned_at: place.instant(act.atMs),
      outcome: act.isUnverified ? 'unverified' : 'accepted',
    });
    await queuePairs(trx, [{ sessionId, studentId }]);
  },
  meeting: async ({ trx, act, studentId, sessionId, place }) => {
    await trx('online_presence').insert({
      id: idOf('meeting', act),
      session_id: sessionId,
      student_id: studentId,
      direction: act.isOut ? 'out' : 'in',
      at: place.instant(act.atMs),
      tool: 'meet',
      imported_at: new Date(place.nowMs),
    });
    await queuePairs(trx, [{ sessionId, studentId }]);
  },
  guest: async ({ trx, act, studentId, sessionId }) => {
    const countsFor = idOf('session', act.countsFor);
    await trx('session_guest').insert({
      session_id: sessionId,
      student_id: studentId,
      counts_for_session_id: countsFor,
    });
    await queuePairs(trx, [
      { sessionId, studentId },
      { sessionId: countsFor, studentId },
    ]);
  },
  holiday: async ({ trx, act, place }) => {
    const holiday = holidayOf(place, act.isPartOfDay);
    await trx('attendance_holiday').insert({
      id: holiday.id,
      campus_id: 'main',
      name: holiday.name,
      date: holiday.date,
      is_full_day: !act.isPartOfDay,
      start_time: holiday.startTime,
      end_time: holiday.endTime,
      scope_section_id: GROUP_ON_HOLIDAY,
    });
    await applyHoliday(trx, { holiday, nowMs: place.nowMs, actor: SYSTEM });
  },
  'withdraw-holiday': async ({ trx, place }) => {
    const holiday = holidayOf(place, false);
    await trx('attendance_holiday').where({ id: holiday.id }).delete();
    await withdrawHoliday(trx, { holiday, nowMs: place.nowMs, actor: SYSTEM });
  },
  'call-off': ({ trx, act, sessionId, place }) =>
    changeSession(trx, {
      sessionId,
      action: act.action,
      nowMs: place.nowMs,
      actor: SYSTEM,
      authority: 'head',
      reason: 'nobody can come',
      statusReason: 'TOLD',
    }),
  restore: async ({ trx, sessionId, place }) => {
    const restored = trx.transaction((own) =>
      changeSession(own, {
        sessionId,
        action: 'restore',
        nowMs: place.nowMs,
        actor: SYSTEM,
        authority: 'head',
        reason: 'everybody can',
      }),
    );
    // Beside another class of the same person none comes back, in no order.
    await restored.catch((error: unknown) => {
      if (!hasCode(error, 'CLASH')) throw error;
    });
  },
  exempt: ({ trx, act, studentId, place }) =>
    grantExemption(
      trx,
      { studentId, way: act.way, from: place.dayBefore, until: null },
      { accountId: null, nowMs: place.nowMs },
    ),
  'end-exemption': async ({ trx, studentId, place }) => {
    const { id } = await trx('finger_exemption').where({ student_id: studentId }).first('id');
    const held = await holdExemption(trx, id);
    if (held === undefined) throw new Error('an exemption that was granted is gone');
    await endExemption(trx, { held, until: place.date }, { accountId: null, nowMs: place.nowMs });
  },
  card: async ({ trx, act, studentId, place }) => {
    const { id } = await trx('credential')
      .where({ student_id: studentId })
      .whereRaw('upper_inf(valid_during)')
      .first('id');
    const change = { held: await holdCredential(trx, id), state: act.state, at: place.instant(act.fromMs) };
    await changeState(trx, change, { accountId: null, nowMs: place.nowMs, reason: 'said so' });
  },
  leave: async ({ trx, act, studentId, place }) => {
    await trx('attendance_leave_application').insert({
      id: idOf('leave', studentId),
      student_id: studentId,
      leave_type: 'medical',
      start_date: place.date,
      end_date: place.date,
      ...(act.isPartOfDay ? { start_time: '09:30', end_time: '12:00' } : {}),
      status: 'approved',
      applied_at: `${place.date}T00:00:00Z`,
    });
    await queueStudent(trx, studentId, { from: place.date, until: place.date });
  },
  'revoke-leave': async ({ trx, studentId, place }) => {
    await trx('attendance_leave_application')
      .where({ student_id: studentId })
      .update({ status: 'cancelled' });
    await queueStudent(trx, studentId, { from: place.date, until: place.date });
  },
  status: async ({ trx, act, studentId, place }) => {
    await trx('student_status_period').insert({
      student_id: studentId,
      status: act.isWithdrawn ? 'withdrawn_medical' : 'suspended_disciplinary',
      valid_during: `[${place.date},${place.date}]`,
    });
    await queueStudent(trx, studentId, { from: place.date, until: place.date });
  },
  join: ({ trx, act, studentId, place }) =>
    join(
      trx,
      { sectionId: act.group, studentId, from: place.dayBefore, until: null },
      { accountId: null, nowMs: place.nowMs, reason: 'moved' },
    ),
  /** Somebody is found to have left a group before the day. */
  part: async ({ trx, act, studentId, place }) => {
    const { id } = await trx('roster_membership')
      .where({ section_id: act.group, student_id: studentId })
      .first('id');
    const held = await holdMembership(trx, id);
    const actor = { accountId: null, nowMs: place.nowMs, reason: 'moved' };
    await leave(trx, { held, until: place.date }, actor);
  },
  offset: ({ trx, act, place }) =>
    sayOffset(trx, {
      gatewayId: 'gw-a',
      from: place.instant(act.fromMs),
      until: place.instant(act.untilMs),
      offsetMs: act.offsetMs,
      reason: 'compared with the wall',
      accountId: null,
      nowMs: place.nowMs,
    }),
};

function holidayOf({ date }: ActPlace, isPartOfDay: boolean): Holiday {
  return {
    id: idOf('holiday'),
    name: 'Day of the batch',
    date,
    ...(isPartOfDay ? { startTime: '10:00', endTime: '15:00' } : { startTime: null, endTime: null }),
    scope: { yearOfStudy: null, departmentId: null, sectionId: GROUP_ON_HOLIDAY },
  };
}

/** The same thing has the same id in every order: derivations name it. */
export function idOf(...parts: unknown[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
