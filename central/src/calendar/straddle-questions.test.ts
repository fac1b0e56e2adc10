import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Knex } from '../db/database.js';
import { type Answer, API, type Body, TestServer } from '../http/test-server.js';
import { TestWeeks } from '../http/test-weeks.js';
import { holdSession } from '../sessions/session-row.js';

/** S1 is from ten to ten to eleven: half of it. */
const HALF = { start_time: '10:30', end_time: '10:50' };

let server: TestServer;
let weeks: TestWeeks;
let id: string;

beforeAll(async () => {
  server = await TestServer.start();
  weeks = new TestWeeks(server);
});
afterAll(() => server?.stop());
beforeEach(async () => {
  await weeks.next();
  id = (await weeks.session()).id;
});

const coordinator = () => server.as('coordinator');
const declare = async (name: string, more: object = {}): Promise<string> =>
  (await coordinator().post(`${API}/holidays/`, { name, date: weeks.day, ...HALF, ...more })).body.holiday.id;
const move = (holiday: string, times: object) => coordinator().patch(`${API}/holidays/${holiday}/`, times);
const withdraw = (holiday: string) => coordinator().del(`${API}/holidays/${holiday}/`);
const act = (what: string) => server.post(`${API}/sessions/${id}/${what}/`, { reason: 'for the test' });
/** The half-days that somebody is asked about. */
const asked = async (): Promise<string[]> =>
  (await items()).filter(({ resolved_at: at }) => at === null).map(({ detail }) => detail.holiday_id);
const items = (): Promise<Body[]> =>
  server.db.knex('exception_item').where({ session_id: id, code: 'HOLIDAY_STRADDLE' }).orderBy('id');
async function answer(decision: string): Promise<Answer> {
  const open = (await items()).find(({ resolved_at: at }) => at === null);
  return coordinator().post(`${API}/exception-items/${open?.id}/resolve/`, {
    decision,
    reason: 'looked at it',
  });
}

describe('case 7: whether a half-day takes a class', () => {
  it('is not asked again once a person has said it, whatever becomes of other half-days', async () => {
    await declare('One');
    expect((await answer('hold')).status).toBe(200);
    const other = await declare('Other');
    expect(await asked()).toEqual([other]);
    await withdraw(other);
    expect(await asked()).toEqual([]);
    // Nor when the class was away meanwhile.
    const day = (await coordinator().post(`${API}/holidays/`, { name: 'All day', date: weeks.day })).body
      .holiday;
    await withdraw(day.id);
    expect(await asked()).toEqual([]);
  });

  it('is asked about the one that nobody has said anything about', async () => {
    await declare('One');
    await answer('hold');
    const second = await declare('Second');
    const third = await declare('Third');
    expect(await asked()).toEqual([second]);
    await withdraw(second);
    expect(await asked()).toEqual([third]);
  });

  it('is asked about each half-day that the class lies in, one after the other', async () => {
    const first = await declare('One');
    const [second, third] = [await declare('Second'), await declare('Third')];
    expect(await asked()).toEqual([first]);
    expect((await answer('hold')).status).toBe(200);
    const [next = ''] = await asked();
    expect([second, third]).toContain(next);
    expect((await answer('hold')).status).toBe(200);
    expect(await asked()).toEqual([second, third].filter((holiday) => holiday !== next));
    expect((await answer('cancel')).status).toBe(200);
    expect(await asked()).toEqual([]);
    expect((await weeks.session()).status).toBe('cancelled');
    expect((await act('restore')).status).toBe(200);
    expect(await asked()).toEqual([]);
  });

  it('is not asked of one that whoever declared it keeps the class in, whatever is said about another', async () => {
    await declare('One');
    await declare('Kept', { keep: [id] });
    const other = await declare('Other');
    expect((await answer('hold')).status).toBe(200);
    expect(await asked()).toEqual([other]);
    expect((await answer('hold')).status).toBe(200);
    expect(await asked()).toEqual([]);
  });

  it('is asked again when the half-day itself was changed, also when it is what it was before', async () => {
    const holiday = await declare('One');
    await answer('hold');
    await move(holiday, { name: 'The same by another name' });
    expect(await asked()).toEqual([]);
    await move(holiday, { start_time: '10:40' });
    expect(await asked()).toEqual([holiday]);
    await answer('hold');
    await act('cancel');
    await move(holiday, { start_time: '13:00', end_time: '17:00' });
    await move(holiday, { start_time: '10:40', end_time: '10:50' });
    await act('restore');
    expect(await asked()).toEqual([holiday]);
  });

  it('is asked again when a person brings back a class that was cancelled with the question open', async () => {
    const holiday = await declare('One');
    expect((await act('cancel')).status).toBe(200);
    expect(await asked()).toEqual([]);
    expect((await act('restore')).status).toBe(200);
    expect(await asked()).toEqual([holiday]);
    await answer('hold');
    await act('cancel');
    await act('restore');
    expect(await asked()).toEqual([]);
  });
});

describe('case 7: beside somebody who changes the class', () => {
  /** As whoever cancels it does: the class first, then the question about it, which nobody may have who waits for the class. */
  async function besideCancel(send: () => Promise<Answer>): Promise<Answer> {
    const { knex } = server.db;
    const trx: Knex.Transaction = await knex.transaction();
    try {
      await holdSession(trx, id);
      const sent = send();
      await vi.waitFor(async () => {
        const waiting = await knex('pg_stat_activity')
          .where({ wait_event_type: 'Lock' })
          .whereRaw('datname = current_database()');
        expect(waiting).toHaveLength(1);
      });
      await trx('exception_item').where({ session_id: id, resolved_at: null }).forUpdate().noWait();
      await trx.commit();
      return await sent;
    } finally {
      if (!trx.isCompleted()) await trx.rollback();
    }
  }

  it('a half-day is withdrawn', async () => {
    const holiday = await declare('One');
    expect((await besideCancel(() => withdraw(holiday))).status).toBe(200);
    expect(await asked()).toEqual([]);
  });

  it('a person answers', async () => {
    await declare('One');
    expect((await besideCancel(() => answer('cancel'))).status).toBe(200);
    expect((await weeks.session()).status).toBe('cancelled');
  });
});
