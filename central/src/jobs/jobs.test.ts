import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { silentLog } from '../log.js';
import { seedTestCampus } from '../seed/test-campus.js';
import { advanceSessionsJob } from './advance-sessions.js';
import { escalateWatermarksJob } from './escalate-watermarks.js';
import { generateSessionsJob } from './generate-sessions.js';
import { cronOf, nextRunMs } from './job.js';
import { noticeSilentGatewaysJob } from './notice-silent-gateways.js';
import { JOBS } from './registry.js';
import { runJob } from './run-job.js';

/** Tuesday 7 July 2026 on campus. */
const at = (text: string): number => Date.parse(`2026-07-${text}+05:30`);

let db: TestDatabase;
let clock: ManualClock;
const context = () => ({ db, clock, log: silentLog });
const goTo = (text: string): void => clock.stepWall(at(text) - clock.wallMs());
const dates = async (): Promise<string[]> =>
  db.knex('attendance_session').orderBy('start_at').pluck('scheduled_date');

const stampedGraces = async (): Promise<number[]> => {
  const policies = await db.knex('attendance_session').orderBy('start_at').pluck('policy');
  return policies.map(({ grace_period_minutes }) => grace_period_minutes);
};

beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db?.close());
beforeEach(async () => {
  await db.knex.raw(
    'TRUNCATE campus, student, section, course, faculty, exception_item, job_run, judgement_todo, attendance_configuration CASCADE',
  );
  clock = new ManualClock(at('07T06:00'));
});

describe('generate-sessions', () => {
  it('does nothing before the first seed', async () => {
    expect(await generateSessionsJob.run(context())).toBeUndefined();
  });

  it('case 2: running again creates nothing', async () => {
    await seedTestCampus(db, clock);
    expect(await generateSessionsJob.run(context())).toBeUndefined();
    expect(await dates()).toEqual(['2026-07-07', '2026-07-07']);
  });

  it('makes up for the days on which central was down', async () => {
    await seedTestCampus(db, clock);
    goTo('16T09:00');
    expect(await generateSessionsJob.run(context())).toBe('2 class sessions created');
    expect(await dates()).toEqual(['2026-07-07', '2026-07-07', '2026-07-14', '2026-07-14']);
  });

  it.each([
    ['a makeup', { origin: 'makeup', timetable_slot_id: null, scheduled_date: '2026-07-20' }],
    ['a class of a range that was generated ahead', { scheduled_date: '2026-07-21' }],
  ])('makes up for the days on which central was down, although %s is planned for later', async (_name, later) => {
    await seedTestCampus(db, clock);
    await runJob(generateSessionsJob, context());
    const [job] = await db
      .knex('session_batch_job')
      .insert({ kind: 'generate', request: {}, performed_at: new Date(clock.wallMs()) })
      .returning('id');
    const { id: _id, ...made } = await db.knex('attendance_session').first();
    await db.knex('attendance_session').insert({ ...made, ...later, batch_job_id: job.id });
    goTo('16T09:00');
    await runJob(generateSessionsJob, context());
    expect((await dates()).filter((date) => date === '2026-07-14')).toHaveLength(2);
    expect(await db.knex('job_run').first('detail')).toEqual({ detail: '2 class sessions created' });
  });

  it('counts from the last run that came to its end, not from one that failed', async () => {
    await seedTestCampus(db, clock);
    await runJob(generateSessionsJob, context());
    const setting = { key: 'GRACE_PERIOD_MINUTES', data_type: 'integer', value: 'none' };
    await db.knex('attendance_configuration').insert(setting);
    goTo('16T09:00');
    await runJob(generateSessionsJob, context());
    expect(await db.knex('job_run').first('outcome')).toEqual({ outcome: 'failed' });
    await db.knex('attendance_configuration').delete();
    goTo('16T10:00');
    await runJob(generateSessionsJob, context());
    expect((await dates()).filter((date) => date === '2026-07-14')).toHaveLength(2);
  });

  it('counts from a run that a central of an older version did, which does not note that it was done', async () => {
    await seedTestCampus(db, clock);
    await runJob(generateSessionsJob, context());
    // Its columns as the version before 0066 writes them.
    await db.knex('job_run').update({ started_at: new Date(at('16T09:00')), outcome: 'done' });
    goTo('16T10:00');
    await runJob(generateSessionsJob, context());
    expect(await dates()).toEqual(['2026-07-07', '2026-07-07']);
    expect(await db.knex('job_run').first('last_done_at')).toEqual({
      last_done_at: new Date(at('16T10:00')),
    });
  });

  it('makes no class of a morning that was over when the campus was set up', async () => {
    goTo('07T10:51');
    await seedTestCampus(db, clock);
    expect(await generateSessionsJob.run(context())).toBeUndefined();
    const slots = await db.knex('attendance_session').pluck('timetable_slot_id');
    expect(slots).toEqual(['cse-a-tue-1050']);
  });

  it('stamps the policy in force on new sessions and leaves the old ones theirs', async () => {
    await seedTestCampus(db, clock);
    await db
      .knex('attendance_configuration')
      .insert({ key: 'GRACE_PERIOD_MINUTES', value: '7', data_type: 'integer' });
    goTo('14T06:00');
    await generateSessionsJob.run(context());
    expect(await stampedGraces()).toEqual([5, 5, 7, 7]);
  });

  it('gives a class the policy of its own day, also when it is made the day before', async () => {
    const setting = { key: 'GRACE_PERIOD_MINUTES', data_type: 'integer' };
    await db.knex('attendance_configuration').insert([
      { ...setting, value: '6' },
      { ...setting, value: '9', effective_from: new Date(at('14T00:00')) },
    ]);
    goTo('13T12:00');
    await seedTestCampus(db, clock);
    expect(await stampedGraces()).toEqual([9, 9]);
    await db.knex.raw('TRUNCATE attendance_session CASCADE');
    goTo('07T06:00');
    await generateSessionsJob.run(context());
    expect(await stampedGraces()).toEqual([6, 6]);
  });

  it.each([
    ['GRACE_PERIOD_MINUTE', '7', /GRACE_PERIOD_MINUTE, which nothing reads/],
    ['GRACE_PERIOD_MINUTES', '', /whole number/],
    ['GRACE_PERIOD_MINUTES', '0x10', /whole number/],
    ['GRACE_PERIOD_MINUTES', '7.5', /whole number/],
    ['GRACE_PERIOD_MINUTES', '61', /GRACE_PERIOD_MINUTES cannot be "61"/],
    ['LATE_CUTOFF_MINUTES', '4', /late_cutoff_minutes/],
  ])('makes no class by a setting %s = "%s" that nobody can have meant', async (key, value, text) => {
    await db.knex('attendance_configuration').insert({ key, value, data_type: 'integer' });
    await expect(seedTestCampus(db, clock)).rejects.toThrow(text);
    await db.knex('attendance_configuration').update({ is_active: false });
    await seedTestCampus(db, clock);
    expect(await stampedGraces()).toEqual([5, 5]);
  });
});

describe('escalate-watermarks', () => {
  it('case 84: asks a human after WATERMARK_MAX_WAIT_HOURS, once, and withdraws when the device comes back', async () => {
    await seedTestCampus(db, clock);
    await db
      .knex('attendance_session')
      .where({ timetable_slot_id: 'cse-a-tue-1050' })
      .update({ status: 'cancelled' });
    goTo('07T11:00');
    await advanceSessionsJob.run(context());
    goTo('09T10:54');
    expect(await escalateWatermarksJob.run(context())).toBeUndefined();
    goTo('09T10:55');
    expect(await escalateWatermarksJob.run(context())).toBe('1 class sessions put before a human');
    expect(await escalateWatermarksJob.run(context())).toBeUndefined();
    const open = () =>
      db.knex('exception_item').where({ code: 'WATERMARK_OVERDUE' }).whereNull('resolved_at');
    expect(await open()).toMatchObject([
      { code: 'WATERMARK_OVERDUE', detail: { room_id: 'r101', silent_devices: ['gw-a/c101', 'gw-a/f101'] } },
    ]);
    await db.knex('attendance_biometric_device').update({ complete_through: new Date(clock.wallMs()) });
    await advanceSessionsJob.run(context());
    await escalateWatermarksJob.run(context());
    expect(await open()).toEqual([]);
  });
});

describe('notice-silent-gateways', () => {
  it('tells the pages once a gateway has not been heard for two and a half reports, and not of others', async () => {
    await seedTestCampus(db, clock);
    const heard = (atMs: number, state = 'online') =>
      db.knex('gateway').update({ state, last_seen_at: new Date(atMs) });
    const run = () => noticeSilentGatewaysJob.run(context());
    await heard(clock.wallMs() - 150_000);
    expect(await run()).toBeUndefined();
    await heard(clock.wallMs() - 150_001);
    expect(await run()).toBe('not heard any more: gw-a');
    await heard(clock.wallMs() - 150_001, 'offline');
    expect(await run()).toBeUndefined();
    await heard(clock.wallMs() - 3_600_000);
    expect(await run()).toBeUndefined();
  });
});

describe('runJob', () => {
  it('notes when a job ran and what it did', async () => {
    await seedTestCampus(db, clock);
    goTo('07T10:00');
    await runJob(advanceSessionsJob, context());
    expect(await db.knex('job_run').first()).toMatchObject({
      name: 'advance-sessions',
      outcome: 'done',
      detail: '1 opened, 0 closed, 0 finalized, 0 locked',
      finished_at: new Date(at('07T10:00')),
    });
  });

  it('notes a failure and does not throw it', async () => {
    const broken = { ...advanceSessionsJob, run: () => Promise.reject(new Error('no table')) };
    await runJob(broken, context());
    expect(await db.knex('job_run').first()).toMatchObject({ outcome: 'failed', detail: 'no table' });
  });
});

describe('the registry', () => {
  it('has names that are unique and periods that fit the hour', () => {
    expect(new Set(JOBS.map(({ name }) => name)).size).toBe(JOBS.length);
    for (const { everyMinutes } of JOBS) expect(60 % everyMinutes).toBe(0);
  });

  it('says when a job runs next', () => {
    expect(nextRunMs({ everyMinutes: 30 }, Date.UTC(2026, 6, 7, 4, 31))).toBe(Date.UTC(2026, 6, 7, 5, 0));
    expect([1, 30, 60].map((everyMinutes) => cronOf({ everyMinutes }))).toEqual([
      '*/1 * * * *',
      '*/30 * * * *',
      '0 * * * *',
    ]);
  });
});
