import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API, type Body, TestServer } from '../http/test-server.js';
import { warnStudentsJob } from '../jobs/warn-students.js';
import { silentLog } from '../log.js';
import { rollNumber } from '../seed/test-campus.js';
import { warnedLevel } from './warning-level.js';

describe('levels of warning', () => {
  const of100 = (attended: number) => ({ held: 100, attended });

  it.each([
    [100, null],
    [85, null],
    [84, 85],
    [80, 85],
    [79, 80],
    [75, 80],
    [74, 75],
    [70, 75],
    [69, 70],
    [65, 70],
    [64, 65],
    [44, 65],
    [0, 65],
  ])('A10.19, case 148: %i of 100 is below %s, so that nobody who is low is left out', (attended, level) => {
    expect(warnedLevel(of100(attended), null)).toEqual({ level, isNew: level !== null });
  });

  it('case 148: once per level and descent, a point of hysteresis, and again after a recovery', () => {
    let level: number | null = null;
    const told = [90, 84, 85, 84, 74, 75, 74, 76, 74, 60, 58, 99, 84].map((attended) => {
      const warned = warnedLevel(of100(attended), level);
      level = warned.level;
      return warned.isNew ? level : null;
    });
    expect(told).toEqual([null, 85, null, null, 75, null, null, null, 75, 65, null, null, 85]);
  });

  it('case 148: nothing held is no reason for a warning', () => {
    expect(warnedLevel({ held: 0, attended: 0 }, null)).toEqual({ level: null, isNew: false });
  });
});

describe('warnings of students', () => {
  let server: TestServer;
  let student: string;
  beforeAll(async () => {
    server = await TestServer.start();
    await server.tokenOf('student', { student: rollNumber(0) });
    const row = await server.db
      .knex('student')
      .where({ roll_number: rollNumber(0) })
      .first('id');
    student = row.id;
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    const { knex } = server.db;
    for (const table of ['notification', 'attendance_warning', 'attendance_configuration', 'statistics_todo'])
      await knex(table).delete();
    server.goTo('12:00');
  });

  interface More {
    pending?: number;
    /** Attended, of how many: booked without a class. */
    credit?: readonly [number, number];
  }
  /** What is counted of the student, with as many classes as periods. */
  async function counted(
    attended: number,
    held: number,
    { pending = 0, credit: [creditAttended, creditHeld] = [0, 0] }: More = {},
  ): Promise<void> {
    const { knex } = server.db;
    const key = { student_id: student, academic_period_id: '2026-odd' };
    const periods = { held_periods: held, attended_periods: attended, pending_periods: pending };
    await knex('aggregate_statistics').where(key).delete();
    await knex('aggregate_statistics').insert({
      ...key,
      ...periods,
      credit_held_periods: creditHeld,
      credit_attended_periods: creditAttended,
    });
    await knex('attendance_statistics').where(key).delete();
    await knex('attendance_statistics').insert({
      ...key,
      ...periods,
      section_id: 'cse-a',
      course_code: 'CS301',
      present_count: attended,
      absent_count: held - attended,
    });
  }
  const run = () => warnStudentsJob.run({ db: server.db, clock: server.clock, log: silentLog });
  const told = async (): Promise<Body[]> => {
    const own = server.as('student', { student: rollNumber(0) });
    const { body } = await own.get(`${API}/notifications/?kind=attendance_warning`);
    return body.results.map(({ body: said }: Body) => said);
  };

  it('A10.19, case 148: who is between 65 and 75 is told, once, and what would still help', async () => {
    await counted(7, 10);
    expect(await run()).toBe('1 students warned');
    expect(await run()).toBeUndefined();
    expect(await told()).toEqual([
      {
        student_id: student,
        academic_period_id: '2026-odd',
        below_percent: 75,
        percentage: 70,
        threshold_percent: 75,
        attend_next: 2,
      },
    ]);
  });

  it('case 148: falling again after a recovery is told again', async () => {
    await counted(7, 10);
    await run();
    await counted(95, 100);
    await run();
    await counted(74, 100);
    expect(await run()).toBe('1 students warned');
    expect(await told()).toHaveLength(2);
  });

  it('case 148: not before five held classes, not while anything is pending', async () => {
    await counted(0, 4);
    expect(await run()).toBeUndefined();
    await counted(0, 5, { pending: 1 });
    expect(await run()).toBeUndefined();
    await counted(0, 5);
    expect(await run()).toBe('1 students warned');
  });

  it('cases 73, 148: a credit is part of the share: it keeps a warning away, and one not attended brings it', async () => {
    await counted(7, 10, { credit: [10, 10] });
    expect(await run()).toBeUndefined();
    await counted(9, 10, { credit: [0, 5] });
    expect(await run()).toBe('1 students warned');
    expect((await told())[0]).toMatchObject({ below_percent: 65, percentage: 60 });
    await counted(9, 10, { credit: [5, 5] });
    await run();
    await counted(9, 10, { credit: [0, 5] });
    expect(await run(), 'the share with the credit was a recovery').toBe('1 students warned');
  });

  it('case 148: none between 20:00 and 07:00 on campus; the morning brings it', async () => {
    await counted(0, 5);
    for (const time of ['20:00', '23:30', '00:30', '06:59']) {
      server.goTo(time);
      expect(await run(), time).toBeUndefined();
    }
    server.goTo('07:00');
    expect(await run()).toBe('1 students warned');
  });

  it('case 148: nobody is warned where students are not told of their marks', async () => {
    await counted(0, 5);
    await server.db.knex('attendance_configuration').insert({
      key: 'SEND_ATTENDANCE_NOTIFICATIONS',
      value: 'false',
      data_type: 'boolean',
      effective_from: '-infinity',
    });
    expect(await run()).toBeUndefined();
    await server.db.knex('attendance_configuration').delete();
    expect(await run()).toBe('1 students warned');
  });
});
