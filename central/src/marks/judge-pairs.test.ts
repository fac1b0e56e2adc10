import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { silentLog } from '../log.js';
import { rollNumber, seedTestCampus } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { createJudge } from './judge.js';
import { judgePairs } from './judge-pairs.js';
import { storePunches } from './test-punches.js';

/** Tuesday 7 July 2026 on campus. */
const at = (time: string): Date => new Date(`2026-07-07T${time}+05:30`);

describe('judging one pair in two transactions', () => {
  let db: TestDatabase;
  const clock = new ManualClock(at('06:00').getTime());
  beforeAll(async () => {
    db = await openTestDatabase();
    await seedTestCampus(db, clock);
    await advanceSessions(db.knex, at('09:55').getTime());
  });
  afterAll(() => db?.close());

  it('the second waits for the first, so that old evidence never overwrites new', async () => {
    const { knex } = db;
    await createJudge({ db, clock, log: silentLog }).run();
    const [session] = await knex('attendance_session').where({ status: 'open' }).pluck('id');
    const students = await knex('student').orderBy('roll_number').pluck('id');
    const [early, held] = students.map((studentId) => ({ sessionId: session, studentId }));
    if (early === undefined || held === undefined) throw new Error('two students are needed');
    const waiters = (count: number) =>
      vi.waitFor(async () => {
        const waiting = await knex('pg_stat_activity')
          .where({ wait_event_type: 'Lock' })
          .whereRaw('datname = current_database()');
        expect(waiting).toHaveLength(count);
      });

    // Stops the first judge between reading its evidence and writing its marks.
    await storePunches(knex, [{ rollNumber: rollNumber(1), at: at('10:00') }]);
    const blocker = await knex.transaction();
    await blocker('attendance_record').where({ student_id: held.studentId }).forUpdate().first();
    const first = knex.transaction((trx) => judgePairs(trx, [held, early], clock.wallMs()));
    await waiters(1);
    await storePunches(knex, [{ rollNumber: rollNumber(0), at: at('10:01') }]);
    const second = knex.transaction((trx) => judgePairs(trx, [early], clock.wallMs()));
    await waiters(2);
    await blocker.commit();
    expect(await first).toMatchObject([{ studentId: held.studentId, mark: 'present' }]);
    expect(await second).toMatchObject([{ mark: 'present', previousMark: 'pending' }]);
    expect(await knex('session_tally').where({ session_id: session }).first()).toMatchObject({
      present: 2,
      pending: 1,
    });
  });

  it('a pair goes back to the queue when the database is lost while it is judged', async () => {
    const { knex } = db;
    await storePunches(knex, [{ rollNumber: rollNumber(1), at: at('10:02') }]);
    const broken = createJudge({
      db,
      clock,
      log: silentLog,
      onJudged: () => {
        throw Object.assign(new Error('the connection is gone'), { code: 'ECONNRESET' });
      },
    });
    await expect(broken.run()).rejects.toThrow('the connection is gone');
    expect(
      await knex('judgement_todo').where({
        student_id: knex('student')
          .select('id')
          .where({ roll_number: rollNumber(1) }),
      }),
    ).not.toEqual([]);
    await createJudge({ db, clock, log: silentLog }).run();
    expect(await knex('judgement_todo')).toEqual([]);
  });

  it('a started judge works when it is woken, and by its safety timer when nobody wakes it', async () => {
    const { knex } = db;
    const timers = new ManualClock(at('10:10').getTime());
    const judge = createJudge({ db, clock: timers, log: silentLog });
    judge.start();
    /** Between two runs: only then a wake and the safety timer begin one. */
    const isResting = async () => {
      await vi.waitFor(() => expect(timers.pendingTimers).toBe(2));
      timers.advance(50);
    };
    const isEmpty = () => vi.waitFor(async () => expect(await knex('judgement_todo')).toEqual([]));
    await isResting();
    await storePunches(knex, [{ rollNumber: rollNumber(2), at: at('10:03') }]);
    judge.wake();
    await isEmpty();
    await isResting();
    await storePunches(knex, [{ rollNumber: rollNumber(2), at: at('10:04') }]);
    timers.advance(5_000);
    await isEmpty();
    await judge.stop();
    expect(timers.pendingTimers).toBe(0);
  });

  it('a record is marked at the capture that decided and keeps who decided it', async () => {
    const { knex } = db;
    const record = await knex('attendance_record')
      .where({
        student_id: knex('student')
          .select('id')
          .where({ roll_number: rollNumber(2) }),
      })
      .first();
    expect(record).toMatchObject({
      mark: 'present',
      source: 'rfid',
      marked_at: at('10:03'),
      reason: 'ON_TIME',
    });
    expect(record.derivation.used).toHaveLength(1);
  });
});
