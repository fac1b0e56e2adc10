import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API, type Body } from '../http/test-server.js';
import { expireSessionsJob } from '../jobs/expire-sessions.js';
import { silentLog } from '../log.js';
import { HttpCampus } from '../marks/http-campus.js';
import { rollNumber } from '../seed/test-campus.js';
import { createStatisticsKeeper } from '../statistics/keeper.js';

const DAY_MS = 86_400_000;

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
const preview = async (): Promise<Body> => (await campus.server.as('dpo').get(`${API}/retention/`)).body;
const countOf = async (table: string, where: object = {}): Promise<number> =>
  (await campus.server.db.knex(table).where(where).select()).length;

describe('classes whose time of keeping is over', () => {
  it('knows every table that refers to a class and does not go with it', async () => {
    const { rows } = await campus.server.db.knex.raw<{ rows: { name: string }[] }>(
      `SELECT DISTINCT conrelid::regclass::text AS name FROM pg_constraint
       WHERE contype = 'f' AND confrelid = 'attendance_session'::regclass AND confdeltype <> 'c' ORDER BY 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual([
      'attendance_correction_request',
      'attendance_record',
      'attendance_session',
      'attendance_student_snapshot',
      'decision',
      'qr_scan',
      'session_change',
      'session_guest',
      'session_tally',
    ]);
  });

  it('R20: everything is kept for seven years after the end of its period', async () => {
    const period = await campus.server.db.knex('academic_period').where({ id: '2026-odd' }).first('ends_on');
    goToDate(`${Number(period.ends_on.slice(0, 4)) + 7}${period.ends_on.slice(4)}`);
    expect((await preview()).periods).toEqual([]);
    expect(await run()).toBeUndefined();
    expect(await countOf('attendance_record', { session_id: held })).toBeGreaterThan(0);
  });

  it('a term that was made shorter removes nothing for a month', async () => {
    goToDate('2030-01-01');
    const setting = await campus.set('ATTENDANCE_DATA_RETENTION_YEARS', '1');
    campus.server.clock.stepWall(29 * DAY_MS);
    expect(await preview()).toMatchObject({ years: 7, periods: [] });
    expect(await run()).toBeUndefined();
    campus.server.clock.stepWall(2 * DAY_MS);
    expect(await preview()).toMatchObject({ years: 1, periods: [{ id: '2026-odd' }] });
    await campus.unset(setting);
    expect(await preview()).toMatchObject({ years: 7, periods: [] });
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
    const [due] = (await preview()).periods;
    const classes = await countOf('attendance_session', { academic_period_id: '2026-odd' });
    expect(due).toMatchObject({ id: '2026-odd', sessions: classes });
    expect(await run()).toContain(`${classes} classes`);
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
