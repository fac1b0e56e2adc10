import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API, type Body, TestServer } from '../http/test-server.js';
import { TestWeeks } from '../http/test-weeks.js';

let server: TestServer;
let weeks: TestWeeks;
const coordinator = () => server.as('coordinator');

beforeAll(async () => {
  server = await TestServer.start();
  weeks = new TestWeeks(server);
});
afterAll(() => server.stop());
beforeEach(async () => {
  // Two weeks each: the second Tuesday is for the test to generate.
  await weeks.next();
  await weeks.next();
});

/** The Tuesday after that of the test: nobody has made its classes yet. */
const day = (): string => weeks.date(7);
const classes = (): Promise<Body[]> => server.results(`${API}/sessions/?scheduled_date=${day()}`);
const stateOf = async () => (await classes()).map(({ status, status_reason: why }) => [status, why]);
const generate = async (): Promise<Body> =>
  (await coordinator().post(`${API}/sessions/generate/`, { start_date: day(), end_date: day() })).body;
const undo = async ({ job_id: id }: Body): Promise<Body> =>
  (await coordinator().post(`${API}/session-jobs/${id}/undo/`)).body;

describe('an undone class', () => {
  it('case 69: that a makeup has made good is not made again: it would count twice', async () => {
    await undo(await generate());
    const [first, second] = await classes();
    const makeup = await coordinator().post(`${API}/sessions/`, {
      course: first.course.code,
      sections: ['cse-a'],
      faculty: 'F001',
      rooms: ['r101'],
      date: weeks.date(4),
      start_time: '15:00',
      end_time: '15:50',
      origin: 'makeup',
      replaces_session_id: first.id,
    });
    expect(makeup.status).toBe(201);
    expect(await generate()).toMatchObject({ created: 1, existing: 1 });
    expect(await stateOf()).toEqual([
      ['cancelled', 'GENERATION_UNDONE'],
      ['scheduled', ''],
    ]);
    expect((await classes())[1].id).toBe(second.id);
  });

  it.each([
    ['a holiday', '/holidays/', () => ({ name: 'Festival', date: day() }), 'HOLIDAY'],
    ['its day', '/calendar-days/', () => ({ kind: 'exam' }), 'EXAM_DAY'],
  ] as const)('cases 5, 76: that %s had taken before does not come back with it', async (_what, path, body, why) => {
    const made = await generate();
    const [first, byHand] = await classes();
    await coordinator().post(`${API}/sessions/${byHand.id}/room-change/`, { room: 'r102' });
    const declared =
      path === '/holidays/'
        ? await coordinator().post(`${API}${path}`, body())
        : await coordinator().put(`${API}${path}${day()}/`, body());
    expect(await stateOf()).toEqual([
      ['cancelled', why],
      ['cancelled', why],
    ]);
    await undo(made);
    expect(await stateOf()).toEqual([
      ['cancelled', 'GENERATION_UNDONE'],
      ['cancelled', why],
    ]);
    const audited = await server.db
      .knex('attendance_audit_log')
      .where({ session_id: first.id, action: 'undo_generation' });
    expect(audited).toMatchObject([
      { before: { status_reason: why }, after: { status_reason: 'GENERATION_UNDONE', holiday_id: null } },
    ]);
    const id = declared.body.holiday?.id ?? day();
    expect((await coordinator().del(`${API}${path}${id}/`)).body.restored).toEqual([byHand.id]);
    expect(await stateOf()).toEqual([
      ['cancelled', 'GENERATION_UNDONE'],
      ['scheduled', ''],
    ]);
    expect(await generate()).toMatchObject({ created: 1, existing: 1 });
    expect((await classes()).map(({ id: it, status }) => [it, status])).toEqual([
      [first.id, 'scheduled'],
      [byHand.id, 'scheduled'],
    ]);
  });
});
