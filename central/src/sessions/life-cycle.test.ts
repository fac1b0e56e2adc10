import { hasCode } from '@rollcall/protocol/errors';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { silentLog } from '../log.js';
import { createJudge } from '../marks/judge.js';
import { recomputeSession } from '../marks/recompute.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber, seedTestCampus, testCampus } from '../seed/test-campus.js';
import { advanceSessions, nextDueMs } from './advance.js';
import { type ChangeRequest, changeSession } from './change-session.js';

/** Tuesday 7 July 2026 on campus. */
const at = (time: string): Date => new Date(`2026-07-07T${time}+05:30`);

let db: TestDatabase;
let clock: ManualClock;

beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db?.close());

beforeEach(async () => {
  await db.knex.raw(`TRUNCATE campus, student, section, course, faculty, attendance_session, punch, judgement_todo,
    attendance_audit_log, exception_item, attendance_configuration, job_run CASCADE`);
  clock = new ManualClock(at('06:00').getTime());
  await seedTestCampus(db, clock);
});

const advanceAt = async (time: string) => {
  clock.stepWall(at(time).getTime() - clock.wallMs());
  return advanceSessions(db.knex, clock.wallMs());
};
const change = (request: Omit<ChangeRequest, 'authority'> & { authority?: ChangeRequest['authority'] }) =>
  db.knex.transaction((trx) => changeSession(trx, { authority: 'faculty', ...request }));
const judge = () => createJudge({ db, clock, log: silentLog }).run();
const reportThrough = (time: string, where: object = { room_id: 'r101' }) =>
  db
    .knex('attendance_biometric_device')
    .where(where)
    .update({ complete_through: at(time) });

async function session(slot = 'cse-a-tue-1000') {
  const row = await db
    .knex('attendance_session')
    .where({ timetable_slot_id: slot, scheduled_date: '2026-07-07' })
    .first();
  return row as { id: string; status: string; notes: string; version: number; auto_opened: boolean };
}
async function marks(slot = 'cse-a-tue-1000'): Promise<Record<string, string>> {
  const rows = await db
    .knex('attendance_record as r')
    .join('student as st', 'st.id', 'r.student_id')
    .where({ session_id: (await session(slot)).id })
    .orderBy('roll_number')
    .select('roll_number', 'mark', 'reason');
  return Object.fromEntries(rows.map((row) => [row.roll_number, `${row.mark} ${row.reason}`]));
}
async function tally(slot = 'cse-a-tue-1000') {
  const { session_id, ...counts } = await db
    .knex('session_tally')
    .where({ session_id: (await session(slot)).id })
    .first();
  return counts;
}
const audits = async (action: string) =>
  Number((await db.knex('attendance_audit_log').where({ action }).count())[0]?.['count']);

describe('opening', () => {
  it('opens when captures begin to count, snapshots the roster and shows everybody pending', async () => {
    expect(await advanceAt('09:49:59')).toEqual({ opened: 0, closed: 0, finalized: 0, locked: 0 });
    expect(await advanceAt('09:50:00')).toEqual({ opened: 1, closed: 0, finalized: 0, locked: 0 });
    await judge();
    expect(await session()).toMatchObject({ status: 'open', auto_opened: true, notes: '', version: 2 });
    expect(Object.values(await marks())).toEqual(Array(3).fill('pending NO_CAPTURE_YET'));
    expect(await tally()).toEqual({ present: 0, late: 0, absent: 0, excused: 0, pending: 3 });
    const snapshot = await db.knex('attendance_student_snapshot').where({ session_id: (await session()).id });
    expect(snapshot).toHaveLength(3);
  });

  it('case 11: a scheduler that was down opens late with a note, and captures of the time before still count', async () => {
    await storePunches(db.knex, [{ rollNumber: rollNumber(0), at: at('09:58:00') }]);
    await judge();
    expect(await marks()).toEqual({});
    await advanceAt('10:20:00');
    await judge();
    expect((await session()).notes).toBe('opened late by 20:00');
    expect((await marks())[rollNumber(0)]).toBe('present ON_TIME');
  });

  it('case 12: schedulers that run at once make one transition and one audit row', async () => {
    clock.stepWall(at('09:55').getTime() - clock.wallMs());
    const all = await Promise.all(Array.from({ length: 6 }, () => advanceSessions(db.knex, clock.wallMs())));
    expect(all.reduce((sum, { opened }) => sum + opened, 0)).toBe(1);
    expect(await audits('auto_open')).toBe(1);
    expect((await session()).version).toBe(2);
  });

  it('case 13: a person may open within the early window and is told the earliest time before it', async () => {
    const { id } = await session();
    const open = (time: string) =>
      change({
        sessionId: id,
        action: 'open',
        nowMs: at(time).getTime(),
        actor: { performedBy: null, source: 'manual' },
      });
    await expect(open('09:40')).rejects.toThrow(/2026-07-07T04:20:00.000Z.*SESSION_TOO_EARLY/);
    await open('09:52');
    expect(await session()).toMatchObject({ status: 'open', auto_opened: false });
    expect(await audits('open')).toBe(1);
  });

  it('case 39: somebody who joins tomorrow is not on the roster of today', async () => {
    const file = testCampus();
    const [, second] = file.students;
    if (second !== undefined) second.member_from = '2026-07-08';
    await db.knex.raw('TRUNCATE roster_membership');
    await seedTestCampus(db, clock, file);
    await advanceAt('09:55');
    await judge();
    expect(Object.keys(await marks())).toEqual([rollNumber(0), rollNumber(2)]);
  });
});

describe('closing and finalizing', () => {
  it('closes at the end plus the close grace, and finalizes only past the watermark (case 16)', async () => {
    await advanceAt('09:55');
    await storePunches(db.knex, [
      { rollNumber: rollNumber(0), at: at('10:05:00.000') },
      { rollNumber: rollNumber(1), at: at('10:05:00.001') },
    ]);
    expect((await advanceAt('10:54:59')).closed).toBe(0);
    expect((await advanceAt('10:55:00')).closed).toBe(1);
    await reportThrough('10:55:00.000');
    expect((await advanceAt('11:10:00')).finalized).toBe(0);
    await judge();
    expect(Object.values(await marks())).toEqual(['present ON_TIME', 'late LATE', 'pending NO_CAPTURE_YET']);
    await reportThrough('10:55:00.001');
    expect((await advanceAt('11:10:30')).finalized).toBe(1);
    await judge();
    expect(Object.values(await marks())).toEqual(['present ON_TIME', 'late LATE', 'absent NO_CAPTURE']);
    expect(await tally()).toEqual({ present: 1, late: 1, absent: 1, excused: 0, pending: 0 });
  });

  it('case 85: the slowest device of the room decides; case 86: a disabled one is not waited for', async () => {
    await advanceAt('11:00');
    await reportThrough('11:30');
    await reportThrough('10:30', { device_id: 'f101' });
    expect((await advanceAt('11:31')).finalized).toBe(0);
    await db.knex('attendance_biometric_device').where({ device_id: 'f101' }).update({ is_enabled: false });
    expect((await advanceAt('11:32')).finalized).toBe(1);
  });

  it('lights see nobody: only devices that capture are waited for', async () => {
    await advanceAt('11:00');
    await reportThrough('11:30');
    await db
      .knex('attendance_biometric_device')
      .where({ device_id: 'lights' })
      .update({ complete_through: null });
    expect((await advanceAt('11:31')).finalized).toBe(1);
  });

  it('a room that nothing watches stays closed: silence proves nothing there', async () => {
    await db.knex('attendance_biometric_device').where({ room_id: 'r101' }).update({ is_enabled: false });
    await advanceAt('11:00');
    await advanceAt('23:00');
    expect((await session()).status).toBe('closed');
  });

  it('catches up a whole day at once: opens, closes and finalizes in one look', async () => {
    await reportThrough('22:00');
    await storePunches(db.knex, [{ rollNumber: rollNumber(0), at: at('10:01') }]);
    expect(await advanceAt('22:00')).toEqual({ opened: 2, closed: 2, finalized: 2, locked: 0 });
    await judge();
    expect(Object.values(await marks())).toEqual([
      'present ON_TIME',
      'absent NO_CAPTURE',
      'absent NO_CAPTURE',
    ]);
  });

  it('knows when it has to look again', async () => {
    expect(await nextDueMs(db.knex)).toBe(at('09:50').getTime());
    await advanceAt('09:50');
    expect(await nextDueMs(db.knex)).toBe(at('10:40').getTime());
    await advanceAt('10:40');
    expect(await nextDueMs(db.knex)).toBe(at('10:55').getTime());
  });

  it('case 14: captures stop when a person closes early', async () => {
    await advanceAt('09:55');
    const { id } = await session();
    const actor = { performedBy: null, source: 'manual' } as const;
    await change({ sessionId: id, action: 'close', nowMs: at('10:03').getTime(), actor });
    await storePunches(db.knex, [
      { rollNumber: rollNumber(0), at: at('10:02') },
      { rollNumber: rollNumber(1), at: at('10:04') },
    ]);
    await judge();
    expect(Object.values(await marks())).toEqual([
      'present ON_TIME',
      'pending NO_CAPTURE_YET',
      'pending NO_CAPTURE_YET',
    ]);
    await change({
      sessionId: id,
      action: 'reopen',
      reason: 'closed by mistake',
      nowMs: at('10:05').getTime(),
      actor,
    });
    await judge();
    expect((await marks())[rollNumber(1)]).toBe('present ON_TIME');
  });
});

describe('evidence that comes late', () => {
  const finalize = async () => {
    await advanceAt('11:00');
    await reportThrough('11:00');
    await advanceAt('11:01');
    await judge();
  };

  it('case 29: turns absent into present after finalizing, with one audit row per changed record', async () => {
    await finalize();
    expect((await tally())['absent']).toBe(3);
    await db.knex.raw('TRUNCATE attendance_audit_log');
    await storePunches(db.knex, [{ rollNumber: rollNumber(0), at: at('10:03') }]);
    await judge();
    expect((await marks())[rollNumber(0)]).toBe('present ON_TIME');
    expect(await tally()).toMatchObject({ present: 1, absent: 2 });
    // The next class has an audit row of its own: who came to this one is carried over to it.
    const { id } = await session();
    const rows = await db
      .knex('attendance_audit_log')
      .where({ entity_type: 'attendance_record', session_id: id });
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      before: { mark: 'absent' },
      after: { mark: 'present' },
      reason: 'ON_TIME',
    });
  });

  it('case 83: after the lock the mark stays, and a human is told once', async () => {
    await finalize();
    const { id } = await session();
    await change({
      sessionId: id,
      action: 'lock',
      nowMs: at('12:00').getTime(),
      actor: { performedBy: null, source: 'manual' },
    });
    await judge();
    const late = () => db.knex('exception_item').where({ code: 'LATE_AFTER_LOCK' });
    expect(await late()).toHaveLength(0);
    await storePunches(db.knex, [{ rollNumber: rollNumber(0), at: at('10:03') }]);
    await storePunches(db.knex, [{ rollNumber: rollNumber(0), at: at('10:04') }]);
    await judge();
    expect((await marks())[rollNumber(0)]).toBe('absent NO_CAPTURE');
    const items = await late();
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      session_id: id,
      detail: { would_be: 'present' },
    });
  });

  it('case 49: one capture at 10:49 is too late for the first class and the arrival of the next', async () => {
    await advanceAt('10:45');
    await storePunches(db.knex, [{ rollNumber: rollNumber(0), at: at('10:49') }]);
    await judge();
    expect((await marks())[rollNumber(0)]).toBe('pending ARRIVED_AFTER_CUTOFF');
    expect((await marks('cse-a-tue-1050'))[rollNumber(0)]).toBe('present ON_TIME');
  });

  it('case 54: a tap in the wrong room is kept in the derivation and marks nobody', async () => {
    await advanceAt('09:55');
    await storePunches(db.knex, [
      { rollNumber: rollNumber(0), at: at('10:01'), deviceId: 'c102', roomId: 'r102' },
    ]);
    await judge();
    const record = await db
      .knex('attendance_record as r')
      .join('student as st', 'st.id', 'r.student_id')
      .where({ roll_number: rollNumber(0) })
      .first();
    expect(record.mark).toBe('pending');
    expect(record.derivation.ignored).toMatchObject([
      { why: 'WRONG_ROOM', room_id: 'r102', device_id: 'c102' },
    ]);
  });

  it('recomputing changes nothing where every mark is what its evidence gives, and repairs what is not', async () => {
    await storePunches(db.knex, [{ rollNumber: rollNumber(0), at: at('10:01') }]);
    await finalize();
    const { id } = await session();
    expect(await recomputeSession(db.knex, id, clock.wallMs())).toBe(0);
    await db.knex('attendance_record').where({ session_id: id, mark: 'present' }).update({ mark: 'late' });
    await db.knex('session_tally').where({ session_id: id }).update({ present: 0, late: 1 });
    const other = await db.knex('attendance_record').whereNot({ session_id: id }).orderBy('id');
    expect(await recomputeSession(db.knex, id, clock.wallMs())).toBe(1);
    expect(await tally()).toMatchObject({ present: 1, late: 0, absent: 2 });
    expect(await db.knex('attendance_record').whereNot({ session_id: id }).orderBy('id')).toEqual(other);
  });
});

describe('changing a session', () => {
  const actor = { performedBy: null, source: 'manual' } as const;

  it('case 22: refuses to close what is scheduled', async () => {
    const { id } = await session();
    const closing = change({ sessionId: id, action: 'close', nowMs: clock.wallMs(), actor });
    await expect(closing).rejects.toThrow(/scheduled.*closed.*INVALID_TRANSITION/);
  });

  it('refuses a version that is no longer current, and a session that does not exist', async () => {
    const { id } = await session();
    const open = (sessionId: string, expectedVersion: number) =>
      change({
        sessionId,
        action: 'open',
        nowMs: at('09:55').getTime(),
        actor,
        expectedVersion,
      }).catch((error: unknown) => error);
    expect(hasCode(await open(id, 7), 'STALE')).toBe(true);
    expect(hasCode(await open('00000000-0000-4000-8000-000000000000', 1), 'NOT_FOUND')).toBe(true);
    expect(await open(id, 1)).toBeUndefined();
  });

  it('case 20: cancelling withdraws the marks and keeps the captures', async () => {
    await advanceAt('09:55');
    await storePunches(db.knex, [{ rollNumber: rollNumber(0), at: at('10:01') }]);
    await judge();
    const { id } = await session();
    await change({
      sessionId: id,
      action: 'cancel',
      nowMs: clock.wallMs(),
      actor,
      reason: 'rain',
    });
    await judge();
    expect(Object.values(await marks())).toEqual(Array(3).fill('not_required SESSION_CANCELLED'));
    expect(await tally()).toEqual({ present: 0, late: 0, absent: 0, excused: 0, pending: 0 });
    expect(await db.knex('punch')).toHaveLength(1);
  });
});
