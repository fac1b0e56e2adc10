import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, API, type Body } from '../http/test-server.js';
import { silentLog } from '../log.js';
import { HttpCampus } from '../marks/http-campus.js';
import { rollNumber } from '../seed/test-campus.js';
import { createStatisticsKeeper } from '../statistics/keeper.js';
import { enterStatus } from './student-statuses.js';

const PATH = `${API}/student-statuses/`;

let campus: HttpCampus;
let ids: string[];
beforeAll(async () => {
  campus = await HttpCampus.open();
  ids = await campus.server.db.knex('student').orderBy('roll_number').pluck('id');
});
afterAll(() => campus?.close());
beforeEach(async () => {
  await campus.server.db.knex('student_status_period').delete();
  await campus.nextDay();
});

const office = () => campus.server.as('coordinator');
const codeOf = ({ status, body }: Answer) => [status, body.code];
const enter = (index: number, change: object = {}): Promise<Answer> =>
  office().post(PATH, {
    student: ids[index],
    status: 'suspended_disciplinary',
    valid_from: campus.date(),
    valid_until: campus.date(1),
    reason: 'order 12 of the disciplinary committee',
    ...change,
  });
const drop = (index: number): Promise<Answer> =>
  enter(index, { status: 'dropped', valid_until: null, reason: 'letter of the student' });
const act = async (id: string, action: 'end' | 'withdraw', body: object = {}): Promise<Answer> => {
  const answer = await office().post(`${PATH}${id}/${action}/`, { reason: 'order 14', ...body });
  await campus.server.judge();
  return answer;
};
const judged = async (entered: Promise<Answer>): Promise<Body> => {
  const { status, body } = await entered;
  expect([status, body.detail]).toEqual([201, undefined]);
  await campus.server.judge();
  return body;
};
const heldOf = async (index: number): Promise<number[]> => {
  const { db, clock } = campus.server;
  await createStatisticsKeeper({ db, clock, log: silentLog }).run();
  const { body } = await office().get(`${API}/statistics/student-summary/?student_id=${rollNumber(index)}`);
  return [body.aggregate.held_periods, body.aggregate.attended_periods];
};

describe('suspended and withdrawn', () => {
  it('case 40: entered for days that have passed, the classes are judged again, and statistics follow', async () => {
    const session = await campus.hold();
    await campus.tap('10:01', { student: 0 });
    await campus.tap('10:01', { student: 1 });
    await campus.finish();
    expect([await campus.mark(session, 0), await campus.mark(session, 1)]).toEqual([
      'present ON_TIME',
      'present ON_TIME',
    ]);
    const before = [await heldOf(0), await heldOf(1)] as number[][];
    const suspended = await judged(enter(0));
    const withdrawn = await judged(enter(1, { status: 'withdrawn_medical', reason: 'letter 7' }));
    expect([await campus.mark(session, 0), await campus.mark(session, 1)]).toEqual([
      'absent SUSPENDED',
      'not_required WITHDRAWN',
    ]);
    const [[held, attended], [heldByOther]] = before as [[number, number], [number, number]];
    expect(await heldOf(0)).toEqual([held, attended - 1]);
    expect((await heldOf(1))[0]).toBe(heldByOther - 1);
    await act(suspended.id, 'withdraw');
    expect(await campus.mark(session, 0)).toBe('present ON_TIME');
    expect(codeOf(await act(withdrawn.id, 'end', { valid_until: campus.date() }))).toEqual([
      400,
      'REQUEST_INVALID',
    ]);
    await act(withdrawn.id, 'withdraw');
    expect(await campus.mark(session, 1)).toBe('present ON_TIME');
  });

  it('case 40: another end judges the days between both', async () => {
    const before = campus.date(-1);
    const { id } = await judged(enter(0, { valid_from: before, valid_until: null }));
    const session = await campus.hold();
    await campus.tap('10:01', { student: 0 });
    await campus.finish();
    expect(await campus.mark(session)).toBe('absent SUSPENDED');
    await act(id, 'end', { valid_until: campus.date() });
    expect(await campus.mark(session)).toBe('present ON_TIME');
    await act(id, 'end', { valid_until: campus.date(1) });
    expect(await campus.mark(session)).toBe('absent SUSPENDED');
  });

  it('case 158: history and audit say who, when and why, also of a mistake', async () => {
    const { id } = await judged(enter(0));
    await act(id, 'withdraw', { reason: 'the order was about somebody else' });
    const [item] = await office().results(`${PATH}?student=${ids[0]}`);
    expect(item).toMatchObject({
      id,
      status: 'suspended_disciplinary',
      valid_from: campus.date(),
      reason: 'order 12 of the disciplinary committee',
      version: 2,
    });
    expect(item.withdrawn_at).not.toBeNull();
    expect(await office().results(`${PATH}?on=${campus.date()}`)).toEqual([]);
    const rows: Body[] = await campus.server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'student_status_period', entity_id: id })
      .orderBy('id');
    expect(rows.map(({ action, reason }) => [action, reason])).toEqual([
      ['enter', 'order 12 of the disciplinary committee'],
      ['withdraw', 'the order was about somebody else'],
    ]);
    expect(rows[1].before).toMatchObject({ isWithdrawn: false });
    expect(rows[1].after).toMatchObject({ isWithdrawn: true });
    expect(codeOf(await act(id, 'withdraw'))).toEqual([409, 'INVALID_TRANSITION']);
    expect(codeOf(await act(id, 'end', { valid_until: campus.date(2) }))).toEqual([
      409,
      'INVALID_TRANSITION',
    ]);
  });
});

describe('who has left the college', () => {
  it('case 38: is in no group from that day on, is listed when captured, and marked when they come back', async () => {
    const first = await campus.hold();
    await campus.tap('10:01', { student: 2 });
    await campus.finish();
    await campus.nextDay();
    const { id } = await judged(drop(2));
    const second = await campus.hold();
    await campus.tap('10:01', { student: 2 });
    await campus.finish();
    expect(await campus.mark(first, 2)).toBe('present ON_TIME');
    expect(await campus.record(second, 2)).toBeUndefined();
    expect(
      await campus.server.db.knex('exception_item').where({ session_id: second }).pluck('code'),
    ).toContain('NOT_ON_ROSTER');
    const join = () =>
      office().post(`${API}/roster-memberships/`, {
        section: 'cse-a',
        student: ids[2],
        valid_from: campus.date(),
      });
    expect(codeOf(await join())).toEqual([409, 'INVALID_TRANSITION']);
    await campus.nextDay();
    await act(id, 'end', { valid_until: campus.date() });
    expect((await join()).status).toBe(201);
  });

  it('case 38: dropped by mistake, the groups go on as before and the classes are judged again', async () => {
    const memberships = () => office().results(`${API}/roster-memberships/?student=${ids[3]}`);
    const [before] = await memberships();
    const session = await campus.hold();
    await campus.tap('10:01', { student: 3 });
    await campus.finish();
    const { id } = await judged(drop(3));
    expect((await memberships())[0].valid_until).toBe(campus.date());
    expect(await campus.record(session, 3)).not.toMatchObject({ mark: 'present' });
    await act(id, 'withdraw');
    expect((await memberships())[0]).toMatchObject({ id: before.id, valid_until: before.valid_until });
    expect(await campus.mark(session, 3)).toBe('present ON_TIME');
  });

  it('case 38: who is being dropped at this moment joins nothing', async () => {
    const { server } = campus;
    const [open] = await office().results(`${API}/roster-memberships/?student=${ids[1]}`);
    await office().post(`${API}/roster-memberships/${open.id}/leave/`, { valid_until: campus.date() });
    await campus.nextDay();
    const dropping = await server.db.knex.transaction();
    const wanted = {
      studentId: ids[1] as string,
      status: 'dropped',
      from: campus.date(),
      until: null,
    } as const;
    const actor = { accountId: null, nowMs: server.clock.wallMs(), reason: 'letter' };
    await enterStatus(dropping, wanted, actor);
    let answered = false;
    const joining = office()
      .post(`${API}/roster-memberships/`, { section: 'cse-a', student: ids[1], valid_from: campus.date() })
      .finally(() => {
        answered = true;
      });
    const isWaiting = async (): Promise<boolean> =>
      (
        await server.db.knex.raw(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
      ).rows.length > 0;
    while (!answered && !(await isWaiting()));
    await dropping.commit();
    expect(codeOf(await joining)).toEqual([409, 'INVALID_TRANSITION']);
  });

  it('case 38: a later day of coming back is refused where the student has joined a group since', async () => {
    const { id } = await judged(drop(0));
    await act(id, 'end', { valid_until: campus.date(2) });
    const joined = await office().post(`${API}/roster-memberships/`, {
      section: 'cse-a',
      student: ids[0],
      valid_from: campus.date(3),
    });
    expect(joined.status).toBe(201);
    expect((await act(id, 'end', { valid_until: campus.date(3) })).status).toBe(200);
    const refused = await act(id, 'end', { valid_until: campus.date(4) });
    expect(codeOf(refused)).toEqual([409, 'INVALID_TRANSITION']);
    expect(refused.body.detail).toContain('The student is in cse-a since');
    expect((await act(id, 'end', { valid_until: campus.date(1) })).status).toBe(200);
  });

  it('case 38: groups do not go on beyond a day on which the student has left by another status', async () => {
    const [before] = await office().results(`${API}/roster-memberships/?student=${ids[3]}`);
    const { id } = await judged(drop(3));
    await act(id, 'end', { valid_until: campus.date(1) });
    const later = await judged(
      enter(3, { status: 'graduated', valid_from: campus.date(5), valid_until: null }),
    );
    expect(codeOf(await act(id, 'withdraw'))).toEqual([409, 'INVALID_TRANSITION']);
    await act(later.id, 'withdraw');
    expect((await act(id, 'withdraw')).status).toBe(200);
    const [after] = await office().results(`${API}/roster-memberships/?student=${ids[3]}`);
    expect(after).toMatchObject({ id: before.id, valid_until: before.valid_until });
  });

  it('is refused where a group is joined later only, and with an end that nobody knows', async () => {
    const [open] = await office().results(`${API}/roster-memberships/?student=${ids[4]}`);
    await office().post(`${API}/roster-memberships/${open.id}/leave/`, { valid_until: campus.date(5) });
    await office().post(`${API}/roster-memberships/`, {
      section: 'cse-a',
      student: ids[4],
      valid_from: campus.date(6),
    });
    expect(codeOf(await drop(4))).toEqual([409, 'INVALID_TRANSITION']);
    expect((await office().results(`${API}/roster-memberships/?student=${ids[4]}`)).length).toBe(2);
    expect(codeOf(await enter(4, { status: 'graduated' }))).toEqual([400, 'REQUEST_INVALID']);
  });
});

describe('entering them', () => {
  it('is refused twice for one day, without a reason, for days that are none, and for nobody', async () => {
    const { id } = await judged(enter(0));
    expect(codeOf(await enter(0, { status: 'withdrawn_medical' }))).toEqual([409, 'ALREADY_EXISTS']);
    for (const change of [
      { reason: ' ' },
      { valid_from: '2026-02-30' },
      { valid_until: campus.date() },
      { status: 'expelled' },
      { student: "x' OR true" },
      { extra: 1 },
    ]) {
      expect(codeOf(await enter(1, change))).toEqual([400, 'REQUEST_INVALID']);
    }
    const nobody = '00000000-0000-4000-8000-00000000dead';
    expect(codeOf(await enter(1, { student: nobody }))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await act(nobody, 'withdraw'))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await act(id, 'withdraw', { version: 7 }))).toEqual([409, 'STALE']);
  });

  it('cases 156, 157: a student sees the own one; faculty neither see nor enter it', async () => {
    const { id } = await judged(enter(0));
    expect((await campus.student(0).get(`${PATH}${id}/`)).status).toBe(200);
    expect(codeOf(await campus.student(1).get(`${PATH}${id}/`))).toEqual([404, 'NOT_FOUND']);
    expect(await campus.student(1).results(PATH)).toEqual([]);
    expect(codeOf(await campus.faculty.get(PATH))).toEqual([403, 'FORBIDDEN']);
    const body = { student: ids[0], status: 'dropped', valid_from: campus.date(), reason: 'mine' };
    expect(codeOf(await campus.student(0).post(PATH, body))).toEqual([403, 'FORBIDDEN']);
    expect(codeOf(await campus.faculty.post(`${PATH}${id}/withdraw/`, { reason: 'mine' }))).toEqual([
      403,
      'FORBIDDEN',
    ]);
  });

  it('A10.13: no switch on a student or a faculty member that nothing reads', async () => {
    const set = (path: string) => office().patch(`${API}/${path}/`, { status: 'suspended' });
    expect(codeOf(await set(`students/${ids[0]}`))).toEqual([400, 'REQUEST_INVALID']);
    expect(codeOf(await set('faculty/F001'))).toEqual([400, 'REQUEST_INVALID']);
  });
});
