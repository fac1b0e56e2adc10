import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plusDays } from '../calendar/campus-zone.js';
import { API, type Body } from '../http/test-server.js';
import { expireSessionsJob } from '../jobs/expire-sessions.js';
import { silentLog } from '../log.js';
import { HttpCampus } from '../marks/http-campus.js';
import { rollNumber } from '../seed/test-campus.js';
import { createStatisticsKeeper } from '../statistics/keeper.js';
import { expireSessions, REMOVED_WITH_CLASS } from './expire-sessions.js';

const DAY_MS = 86_400_000;

/** What goes by statements of its own, what goes with the period, and what outlives the class. */
const OTHERWISE = [
  'attendance_session',
  'session_guest',
  'statistics_contribution',
  'attendance_audit_log',
  // A session of a person at the interface.
  'spent_refresh_token',
];

let campus: HttpCampus;
let held: string;
beforeAll(async () => {
  campus = await HttpCampus.open();
  await campus.nextDay();
  held = await campus.hold();
  await campus.tap('10:01');
  await campus.finish();
  const { server } = campus;
  await campus.faculty.post(`${API}/records/`, {
    session_id: held,
    student: rollNumber(1),
    mark: 'late',
    reason: 'came at ten past',
  });
  await campus.student(2).post(`${API}/correction-requests/`, {
    session_id: held,
    from_mark: 'absent',
    to_mark: 'present',
    reason: 'I sat in the last row',
  });
  await server.post(`${API}/attendance-credits/`, {
    academic_period: '2026-odd',
    kind: 'ncc',
    roll_numbers: [rollNumber(0)],
    reason: 'camp',
  });
  const makeup = await campus.hold({ start: '15:00', end: '15:50' });
  const { knex } = server.db;
  await knex('attendance_session').where({ id: makeup }).update({ replaces_session_id: held });
  await createStatisticsKeeper({ db: server.db, clock: server.clock, log: silentLog }).run();
  const period = await knex('academic_period').where({ id: '2026-odd' }).first();
  await knex('academic_period').insert({
    ...period,
    id: '2033-odd',
    name: '2033',
    starts_on: '2033-01-01',
    ends_on: '2033-12-31',
    is_current: false,
  });
  await knex('academic_period').where({ id: '2026-odd' }).update({ is_current: false });
  await knex('academic_period').where({ id: '2033-odd' }).update({ is_current: true });
});
afterAll(() => campus?.close());

const goToDate = (date: string): void => {
  const { clock } = campus.server;
  clock.stepWall(Date.parse(`${date}T12:00:00+05:30`) - clock.wallMs());
};
const run = (): Promise<string | undefined> => {
  const { db, clock } = campus.server;
  return expireSessionsJob.run({ db, clock, log: silentLog });
};
/** The judge holds a tally and then a class by its key; a run that held the class against keys would wait for it, and it for the run. */
async function runBesideJudge(): Promise<string | undefined> {
  const judge = await campus.server.db.knex.transaction();
  await judge('session_tally').where({ session_id: held }).forUpdate().select('session_id');
  const running = run();
  await waiting('session_tally', running);
  await judge.raw("SET LOCAL lock_timeout = '1s'");
  await judge('attendance_session').where({ id: held }).forKeyShare().select('id');
  await judge.rollback();
  return running;
}
const preview = async (query = ''): Promise<Body> =>
  (await campus.server.as('dpo').get(`${API}/retention/${query}`)).body;
/** Until the run waits for a lock on the table, or is over without having waited. */
async function waiting(table: string, running: Promise<unknown>): Promise<void> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  running.then(over, over);
  while (!isOver) {
    const { rows } = await campus.server.db.knex.raw<{ rows: object[] }>(
      "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database() AND query LIKE ?",
      [`%${table}%`],
    );
    if (rows.length > 0) return;
  }
}
const countOf = async (table: string, where: object = {}): Promise<number> =>
  (await campus.server.db.knex(table).where(where).select()).length;

describe('classes whose time of keeping is over', () => {
  it('knows every table with rows about a class', async () => {
    const { rows } = await campus.server.db.knex.raw<{ rows: { name: string }[] }>(
      `SELECT DISTINCT c.table_name::text AS name FROM information_schema.columns c
       WHERE c.table_schema = 'public' AND c.column_name LIKE '%session_id' AND EXISTS (
         SELECT FROM pg_class t WHERE t.oid = c.table_name::regclass AND t.relkind IN ('r', 'p')
           AND NOT t.relispartition)
       AND NOT EXISTS (
         SELECT FROM pg_constraint k WHERE k.conrelid = c.table_name::regclass AND k.contype = 'f'
           AND k.confrelid = 'attendance_session'::regclass AND k.confdeltype = 'c'
           AND c.column_name IN (SELECT attname FROM pg_attribute WHERE attrelid = k.conrelid AND attnum = ANY(k.conkey)))
       ORDER BY 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual([...REMOVED_WITH_CLASS, ...OTHERWISE].toSorted());
  });

  it('R20: everything is kept for seven years after the end of its period', async () => {
    const period = await campus.server.db.knex('academic_period').where({ id: '2026-odd' }).first('ends_on');
    const last = `${Number(period.ends_on.slice(0, 4)) + 7}${period.ends_on.slice(4)}`;
    goToDate(last);
    const [due] = (await preview()).periods;
    expect(due).toMatchObject({ id: '2026-odd', ends_on: period.ends_on, due_on: plusDays(last, 1) });
    expect(await run()).toBeUndefined();
    expect(await countOf('attendance_record', { session_id: held })).toBeGreaterThan(0);
    goToDate(plusDays(last, -60));
    expect((await preview()).periods).toEqual([]);
    goToDate(plusDays(last, -59));
    expect((await preview()).periods).toMatchObject([{ id: '2026-odd', due_on: plusDays(last, 1) }]);
  });

  it('a term that was made shorter removes nothing for a month', async () => {
    goToDate('2030-01-01');
    expect(await preview()).toMatchObject({ years: 7, periods: [] });
    const would = await preview('?years=1');
    expect(would).toMatchObject({ years: 7, periods: [{ id: '2026-odd', due_on: '2030-01-31' }] });
    const setting = await campus.set('ATTENDANCE_DATA_RETENTION_YEARS', '1');
    campus.server.clock.stepWall(29 * DAY_MS);
    expect(await preview()).toMatchObject({ years: 7, periods: [{ id: '2026-odd', due_on: '2030-01-31' }] });
    expect(await run()).toBeUndefined();
    campus.server.clock.stepWall(2 * DAY_MS);
    expect(await preview()).toMatchObject({ years: 1, periods: [{ id: '2026-odd', due_on: '2030-02-01' }] });
    expect(await preview('?years=7')).toMatchObject({ years: 7, periods: [] });
    await campus.unset(setting);
    expect(await preview()).toMatchObject({ years: 7, periods: [] });
    for (const query of ['?years=0', '?years=31', '?years=1.5', '?years=x', '?term=1']) {
      expect((await campus.server.as('dpo').get(`${API}/retention/${query}`)).status, query).toBe(400);
    }
  });

  it('a longer term that somebody took out of force still counts for a month', async () => {
    const setting = await campus.set('ATTENDANCE_DATA_RETENTION_YEARS', '10');
    goToDate('2035-06-01');
    expect(await preview()).toMatchObject({ years: 10, periods: [] });
    await campus.unset(setting);
    expect(await preview()).toMatchObject({ years: 10, periods: [{ id: '2026-odd', due_on: '2035-07-01' }] });
    expect(await run()).toBeUndefined();
    await campus.server.db.knex('attendance_configuration').delete();
  });

  it('R20: another end of the period removes nothing while it has later classes, and never the current one', async () => {
    const { knex } = campus.server.db;
    const address = `${API}/academic-periods/2026-odd/`;
    const { body: period } = await campus.server.get(address);
    const refused = await campus.server.patch(address, { starts_on: '2016-01-01', ends_on: '2016-06-30' });
    expect([refused.status, refused.body.code]).toEqual([409, 'MASTER_IN_USE']);
    expect(refused.body.detail).toContain('a class of 2026-');
    expect((await campus.server.patch(address, { name: 'Odd 2026' })).status).toBe(200);
    await knex('academic_period')
      .where({ id: '2026-odd' })
      .update({ starts_on: '2016-01-01', ends_on: '2016-06-30' });
    const [last] = await knex('attendance_session')
      .where({ academic_period_id: '2026-odd' })
      .orderBy('scheduled_date', 'desc')
      .pluck<string[]>('scheduled_date');
    const kept = `2033${last?.slice(4)}`;
    goToDate(kept);
    expect((await preview()).periods).toMatchObject([
      { id: '2026-odd', ends_on: '2016-06-30', last_day: last, due_on: plusDays(kept, 1) },
    ]);
    expect(await run()).toBeUndefined();
    goToDate('2036-01-15');
    await knex('academic_period').where({ id: '2033-odd' }).update({ is_current: false });
    await knex('academic_period').where({ id: '2026-odd' }).update({ is_current: true });
    expect((await preview()).periods).toEqual([]);
    expect(await run()).toBeUndefined();
    await knex('academic_period').where({ id: '2026-odd' }).update({
      starts_on: period.starts_on,
      ends_on: period.ends_on,
      is_current: false,
    });
  });

  it('R20: what was changed after the run began is kept: another end of the period, a longer term', async () => {
    const { knex } = campus.server.db;
    goToDate('2035-01-15');
    const change = await knex.transaction();
    await change('academic_period').where({ id: '2026-odd' }).update({ is_current: true });
    const running = expireSessions(knex, { zone: 'Asia/Kolkata', nowMs: campus.server.clock.wallMs() });
    await waiting('academic_period', running);
    await change.commit();
    expect(await running).toBe(0);
    await knex('academic_period').where({ id: '2026-odd' }).update({ is_current: false });
    const setting = await knex.transaction();
    await setting('academic_period').where({ id: '2026-odd' }).forUpdate().select('id');
    const again = expireSessions(knex, { zone: 'Asia/Kolkata', nowMs: campus.server.clock.wallMs() });
    await waiting('academic_period', again);
    const id = await campus.set('ATTENDANCE_DATA_RETENTION_YEARS', '30');
    await setting.commit();
    expect(await again).toBe(0);
    await knex('attendance_configuration').where({ id }).delete();
    expect(await countOf('attendance_record', { session_id: held })).toBeGreaterThan(0);
  });

  it('case 159: then they go with marks, decisions, corrections and numbers; what went is counted, punches stay', async () => {
    const { knex } = campus.server.db;
    const punches = await countOf('punch');
    goToDate('2035-01-15');
    await knex('attendance_session')
      .where({ course_code: 'CS302', academic_period_id: '2026-odd' })
      .limit(1)
      .update({ academic_period_id: '2033-odd' });
    const kept = await countOf('attendance_session', { academic_period_id: '2033-odd' });
    expect(kept).toBeGreaterThan(0);
    const students = await countOf('aggregate_statistics', { academic_period_id: '2026-odd' });
    expect(students).toBeGreaterThan(0);
    const [due] = (await preview()).periods;
    const classes = await countOf('attendance_session', { academic_period_id: '2026-odd' });
    expect(due).toMatchObject({ id: '2026-odd', sessions: classes });
    expect(await runBesideJudge()).toContain(`${classes} classes`);
    for (const table of [
      'decision',
      'attendance_correction_request',
      'session_change',
      'attendance_student_snapshot',
      'statistics_todo',
      'attendance_credit',
    ]) {
      const sessions = knex('attendance_session').select('id');
      const query =
        table === 'attendance_credit' ? knex(table) : knex(table).whereNotIn('session_id', sessions);
      expect([table, await query.select()]).toEqual([table, []]);
    }
    expect(await countOf('attendance_session', { academic_period_id: '2026-odd' })).toBe(0);
    expect(await countOf('attendance_statistics', { academic_period_id: '2026-odd' })).toBe(0);
    expect(await countOf('aggregate_statistics', { academic_period_id: '2026-odd' })).toBe(0);
    expect(await countOf('attendance_session', { academic_period_id: '2033-odd' })).toBe(kept);
    expect(await countOf('punch')).toBe(punches);
    const whole = await knex('attendance_audit_log').where({ entity_id: '2026-odd', action: 'expire' });
    expect(whole).toMatchObject([{ entity_type: 'academic_period', after: { years: 7 } }]);
    expect(whole[0].after.removed).toMatchObject({ attendance_credit: 1, aggregate_statistics: students });
    const stone = await knex('attendance_audit_log').where({ entity_id: held, action: 'expire' }).first();
    expect(stone.after).toMatchObject({ records: expect.any(Number), decisions: 1, course_code: 'CS301' });
    // Its trail outlives it.
    expect(await countOf('attendance_audit_log', { session_id: held })).toBeGreaterThan(1);
    expect(await run()).toBeUndefined();
    expect((await preview()).periods).toEqual([]);
  });

  it('who may not look after privacy does not see what is due', async () => {
    expect((await campus.faculty.get(`${API}/retention/`)).status).toBe(403);
  });
});
