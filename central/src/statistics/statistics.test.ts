import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { recountStatisticsJob } from '../jobs/recount-statistics.js';
import { silentLog } from '../log.js';
import { queuePairs, queueSessions, queueStudent } from '../marks/queue.js';
import { RuleCampus } from '../marks/rule-campus.js';
import { foldStatistics } from './fold.js';
import { createStatisticsKeeper } from './keeper.js';
import { recountPeriod } from './recount.js';

const PERIOD = '2026-odd';
const COUNTERS = [
  'present_count',
  'late_count',
  'absent_count',
  'excused_count',
  'pending_count',
  'total_sessions',
  'held_periods',
  'attended_periods',
  'excused_periods',
  'pending_periods',
  'bonus_periods',
];

let campus: RuleCampus;
beforeAll(async () => {
  campus = await RuleCampus.open();
});
afterAll(() => campus?.close());

const fold = (): Promise<number> =>
  createStatisticsKeeper({ db: campus.db, clock: campus.clock, log: silentLog }).run();

const settle = async (): Promise<void> => {
  await campus.judge();
  await fold();
};

const recount = () => recountPeriod(campus.db.knex, PERIOD, campus.clock.wallMs());

/** Of one student; only counters that are not zero, added over groups. */
async function counted(student = 0, course = 'CS301'): Promise<Record<string, number>> {
  await settle();
  const row = await campus.db
    .knex('attendance_statistics')
    .where({ student_id: await campus.studentId(student), course_code: course })
    .sum(Object.fromEntries(COUNTERS.map((name) => [name, name])))
    .first();
  return Object.fromEntries(
    COUNTERS.map((name): [string, number] => [name, Number(row?.[name] ?? 0)]).filter(
      ([, value]) => value !== 0,
    ),
  );
}

async function aggregate(student = 0): Promise<Record<string, number>> {
  await settle();
  return campus.db
    .knex('aggregate_statistics')
    .where({ student_id: await campus.studentId(student) })
    .first('held_periods', 'attended_periods', 'excused_periods', 'pending_periods');
}

beforeEach(async () => {
  campus.nextDay();
  await campus.db.knex.raw(
    `TRUNCATE attendance_statistics, aggregate_statistics, statistics_contribution, statistics_todo, judgement_todo,
       attendance_credit, attendance_record, session_tally, exception_item CASCADE`,
  );
});

describe('what a mark counts', () => {
  it('case 141: late is attended, absent is held, and both are exact periods', async () => {
    await campus.hold({ from: '10:00', until: '10:50' });
    await campus.tap('10:01');
    await campus.tap('10:07', { student: 1 });
    expect(await counted()).toEqual({
      present_count: 1,
      total_sessions: 1,
      held_periods: 1,
      attended_periods: 1,
    });
    expect(await counted(1)).toEqual({
      late_count: 1,
      total_sessions: 1,
      held_periods: 1,
      attended_periods: 1,
    });
    expect(await counted(2)).toEqual({ absent_count: 1, total_sessions: 1, held_periods: 1 });
  });

  it('cases 139, 59: a lab of three periods weighs three, and partly attended counts its part', async () => {
    await campus.hold({ from: '09:00', until: '09:50' });
    await campus.hold({
      from: '14:00',
      until: '16:30',
      type: 'LAB',
      periods: 3,
      room: 'r103',
      policy: { partial_periods: true },
    });
    await campus.tap('14:00', { device: 'in103' });
    await campus.tap('14:52', { device: 'out103' });
    expect(await counted()).toEqual({
      present_count: 1,
      absent_count: 1,
      total_sessions: 2,
      held_periods: 4,
      attended_periods: 1,
    });
  });

  it('cases 140, 142: pending and excused stay out of the denominator and are shown beside it', async () => {
    await campus.hold({ from: '10:00', until: '10:50', status: 'closed' });
    const other = await campus.hold({ from: '11:00', until: '11:50' });
    await campus.decide(other, 'explicit', 'excused');
    expect(await counted()).toEqual({
      excused_count: 1,
      total_sessions: 1,
      excused_periods: 1,
      pending_count: 1,
      pending_periods: 1,
    });
    expect(await aggregate()).toMatchObject({
      held_periods: 0,
      attended_periods: 0,
      excused_periods: 1,
      pending_periods: 1,
    });
  });

  it('case 142: a class that is cancelled or not held is taken out again', async () => {
    const { knex } = campus.db;
    const id = await campus.hold({ from: '10:00', until: '10:50' });
    await campus.tap('10:01');
    expect(await counted()).toMatchObject({ held_periods: 1 });
    for (const status of ['not_held', 'finalized', 'cancelled']) {
      await knex('attendance_session').where({ id }).update({ status });
      await queueSessions(knex, [id]);
      expect(await counted(), status).toEqual(
        status === 'finalized'
          ? { present_count: 1, total_sessions: 1, held_periods: 1, attended_periods: 1 }
          : {},
      );
    }
    expect(await recount()).toMatchObject({ rowsDifferent: 0 });
  });

  it('case 70: an extra class adds nothing, and as a bonus attended periods up to what was held', async () => {
    const { knex } = campus.db;
    await campus.hold({ from: '09:00', until: '09:50' });
    const first = await campus.hold({ from: '10:00', until: '10:50' });
    const second = await campus.hold({ from: '11:00', until: '11:50' });
    await knex('attendance_session').whereIn('id', [first, second]).update({ counts_in_denominator: false });
    await campus.tap('10:01');
    await campus.tap('11:01');
    expect(await counted()).toEqual({ absent_count: 1, total_sessions: 1, held_periods: 1 });
    await knex('attendance_session').whereIn('id', [first, second]).update({ is_bonus: true });
    expect(await counted()).toEqual({
      absent_count: 1,
      total_sessions: 1,
      held_periods: 1,
      bonus_periods: 2,
    });
    expect(await aggregate()).toMatchObject({ held_periods: 1, attended_periods: 1 });
  });

  it('case 63: a combined class counts for each student in the own group', async () => {
    await campus.join('cse-b', 5);
    await campus.db
      .knex('roster_membership')
      .where({ section_id: 'cse-a', student_id: await campus.studentId(5) })
      .delete();
    await campus.hold({ from: '10:00', until: '10:50', groups: ['cse-b'] });
    await settle();
    const rows = await campus.db
      .knex('attendance_statistics')
      .whereIn('student_id', [await campus.studentId(0), await campus.studentId(5)])
      .orderBy('section_id')
      .pluck('section_id');
    expect(rows).toEqual(['cse-a', 'cse-b']);
    await campus.join('cse-a', 5, '[2026-07-01,)');
  });

  it('case 61: a student who moves from one batch to the other keeps both rows, and the totals add up', async () => {
    await campus.join('b1', 4);
    await campus.join('b2', 4, `[${campus.date(1)},${campus.date(2)})`);
    await campus.hold({ from: '10:00', until: '10:50', group: 'b1' });
    await campus.hold({ from: '10:00', until: '10:50', group: 'b2', daysLater: 1 });
    expect(await counted(4)).toMatchObject({ held_periods: 2, absent_count: 2 });
    const groups = await campus.db
      .knex('attendance_statistics')
      .where({ student_id: await campus.studentId(4) })
      .orderBy('section_id')
      .pluck('section_id');
    expect(groups).toEqual(['b1', 'b2']);
    expect(await aggregate(4)).toMatchObject({ held_periods: 2 });
  });

  it('case 143: a course outside the aggregate has its own row only, as soon as the course says so', async () => {
    const { knex } = campus.db;
    await campus.hold({ from: '10:00', until: '10:50' });
    await campus.hold({ from: '11:00', until: '11:50', course: 'CS302' });
    expect(await aggregate()).toMatchObject({ held_periods: 2 });
    await knex('course').where({ code: 'CS302' }).update({ counts_in_aggregate: false });
    expect(await counted(0, 'CS302')).toMatchObject({ held_periods: 1 });
    expect(await aggregate()).toMatchObject({ held_periods: 1 });
    await knex('course').where({ code: 'CS302' }).update({ counts_in_aggregate: true });
    expect(await aggregate()).toMatchObject({ held_periods: 2 });
  });

  it('case 73: a credit is a line of its own in the aggregate, and goes when it is taken back', async () => {
    const { knex } = campus.db;
    const studentId = await campus.studentId();
    await campus.hold({ from: '10:00', until: '10:50' });
    await knex('attendance_credit').insert({
      student_id: studentId,
      academic_period_id: PERIOD,
      course_code: 'CS301',
      kind: 'midterm',
      attended_periods: 2,
      held_periods: 2,
    });
    await settle();
    const credits = () =>
      knex('aggregate_statistics')
        .where({ student_id: studentId })
        .first('held_periods', 'credit_held_periods', 'credit_attended_periods');
    expect(await credits()).toEqual({ held_periods: 1, credit_held_periods: 2, credit_attended_periods: 2 });
    await knex('attendance_credit').delete();
    await settle();
    expect(await credits()).toEqual({ held_periods: 1, credit_held_periods: 0, credit_attended_periods: 0 });
  });
});

describe('case 145: one row, changed in place', () => {
  it('A10.18: a week of events that is replayed leaves the same numbers and no further row', async () => {
    const { knex } = campus.db;
    const classes = [
      await campus.hold({ from: '10:00', until: '10:50' }),
      await campus.hold({ from: '10:50', until: '11:40' }),
    ];
    await campus.tap('10:01');
    await campus.tap('10:52', { student: 1 });
    await settle();
    const rows = () => knex('attendance_statistics').orderBy(['student_id', 'course_code']).select(COUNTERS);
    const before = await rows();
    for (let again = 0; again < 3; again += 1) {
      await queueSessions(knex, classes);
      await knex.raw(
        'INSERT INTO statistics_todo (session_id, student_id) SELECT session_id, student_id FROM attendance_record',
      );
      await settle();
    }
    expect(await rows()).toEqual(before);
    expect(await recount()).toMatchObject({ rowsDifferent: 0 });
  });

  it('case 79: any order and repetition of marks, states, weights and folds ends at the numbers of a recount', async () => {
    const { knex } = campus.db;
    const classes = [
      await campus.hold({ from: '10:00', until: '10:50' }),
      await campus.hold({ from: '11:00', until: '11:50', course: 'CS302', periods: 2 }),
    ];
    const pick = { at: fc.nat(1), student: fc.nat(2) };
    const act = fc.oneof(
      fc.record({
        kind: fc.constant('mark' as const),
        ...pick,
        mark: fc.constantFrom('present', 'absent', 'late', 'excused'),
      }),
      fc.record({
        kind: fc.constant('status' as const),
        ...pick,
        status: fc.constantFrom('closed', 'finalized', 'cancelled', 'not_held'),
      }),
      fc.record({
        kind: fc.constant('weigh' as const),
        ...pick,
        periods: fc.integer({ min: 1, max: 3 }),
        isBonus: fc.boolean(),
      }),
      fc.record({ kind: fc.constantFrom('judge' as const, 'fold' as const, 'replay' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 12 }), async (acts) => {
        for (const one of acts) {
          const id = 'at' in one ? (classes[one.at] ?? '') : '';
          if (one.kind === 'mark') await campus.decide(id, 'explicit', one.mark, one.student);
          else if (one.kind === 'status') {
            await knex('attendance_session').where({ id }).update({ status: one.status });
            await queueSessions(knex, [id]);
          } else if (one.kind === 'weigh') {
            const weight = {
              period_count: one.periods,
              is_bonus: one.isBonus,
              counts_in_denominator: !one.isBonus,
            };
            await knex('attendance_session').where({ id }).update(weight);
          } else if (one.kind === 'judge') await campus.judge();
          else if (one.kind === 'fold') await foldStatistics(knex, 3, campus.clock.wallMs());
          else await queueSessions(knex, classes);
        }
        await settle();
        expect(await knex('statistics_todo')).toEqual([]);
        expect(await recount()).toMatchObject({ rowsDifferent: 0 });
      }),
      { seed: 145, numRuns: 12 },
    );
  }, 60_000);

  it('two replicas that fold at once count nothing twice', async () => {
    const id = await campus.hold({ from: '10:00', until: '10:50' });
    await campus.judge();
    await queuePairs(campus.db.knex, [{ sessionId: id, studentId: await campus.studentId() }]);
    const now = campus.clock.wallMs();
    await Promise.all(Array.from({ length: 4 }, () => foldStatistics(campus.db.knex, 2, now)));
    expect(await counted()).toMatchObject({ absent_count: 1, held_periods: 1 });
    expect(await recount()).toMatchObject({ rowsDifferent: 0 });
  });

  it('a class that changes what it weighs is counted anew', async () => {
    const { knex } = campus.db;
    const id = await campus.hold({ from: '10:00', until: '10:50' });
    expect(await counted()).toMatchObject({ held_periods: 1 });
    await knex('attendance_session').where({ id }).update({ period_count: 3 });
    expect(await counted()).toMatchObject({ held_periods: 3 });
    await knex('attendance_session').where({ id }).update({ course_code: 'CS302' });
    expect(await counted()).toEqual({});
    expect(await counted(0, 'CS302')).toMatchObject({ held_periods: 3 });
  });

  it('a change of the roster counts the classes of those dates again', async () => {
    const { knex } = campus.db;
    await campus.join('cse-b', 3);
    await campus.hold({ from: '10:00', until: '10:50', groups: ['cse-b'] });
    await settle();
    const sections = async () =>
      knex('attendance_statistics')
        .where({ student_id: await campus.studentId(3) })
        .where('held_periods', '>', 0)
        .pluck('section_id');
    expect(await sections()).toEqual(['cse-a']);
    const membership = { section_id: 'cse-a', student_id: await campus.studentId(3) };
    await knex('roster_membership').where(membership).delete();
    await queueStudent(knex, membership.student_id, { from: campus.date(), until: campus.date() });
    await settle();
    expect(await sections()).toEqual(['cse-b']);
    await campus.join('cse-a', 3, '[2026-07-01,)');
  });

  it('is counted anew once a day, by the date on campus', async () => {
    const { db, clock } = campus;
    const night = () => recountStatisticsJob.run({ db, clock, log: silentLog });
    await campus.hold({ from: '10:00', until: '10:50' });
    await settle();
    expect(await night()).toMatch(/^\d+ rows compared, 0 different$/);
    expect(await night()).toBeUndefined();
    campus.nextDay();
    expect(await night()).toMatch(/0 different$/);
  });

  it('the recount finds a hand in the database, tells it and makes the numbers right', async () => {
    const { knex } = campus.db;
    await campus.hold({ from: '10:00', until: '10:50' });
    await campus.tap('10:01');
    await settle();
    expect(await recount()).toMatchObject({ rowsDifferent: 0 });
    await knex('attendance_statistics')
      .where({ student_id: await campus.studentId() })
      .update({ attended_periods: 40 });
    await knex('aggregate_statistics')
      .where({ student_id: await campus.studentId(1) })
      .delete();
    expect((await recount()).rowsDifferent).toBeGreaterThanOrEqual(2);
    const [item] = await knex('exception_item').where({ code: 'STATISTICS_DIFFER' });
    expect(item.detail.first.length).toBeGreaterThanOrEqual(2);
    expect(await counted()).toMatchObject({ held_periods: 1, attended_periods: 1 });
    expect(await aggregate(1)).toMatchObject({ held_periods: 1 });
    expect(await recount()).toMatchObject({ rowsDifferent: 0 });
  });
});
