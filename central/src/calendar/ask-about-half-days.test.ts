import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API, type Body, TestServer } from '../http/test-server.js';
import { TestWeeks } from '../http/test-weeks.js';

/** S1 is from ten to ten to eleven: half of it lies in the second half, none of it in the afternoon. */
const FROM_HALF_PAST = { start_time: '10:30', end_time: '10:50' };
const AFTERNOON = { start_time: '13:00', end_time: '17:00' };

let server: TestServer;
let weeks: TestWeeks;
let first: string;

beforeAll(async () => {
  server = await TestServer.start();
  weeks = new TestWeeks(server);
});
afterAll(() => server.stop());
beforeEach(async () => {
  await weeks.next();
  first = (await weeks.session()).id;
});

const declare = async (times: object, name = 'Half day'): Promise<string> => {
  const made = await server.post(`${API}/holidays/`, { name, date: weeks.day, ...times });
  return made.body.holiday.id;
};
const move = async (from: string, until: string, id = first): Promise<void> => {
  const instant = (time: string) => `${weeks.day}T${time}:00+05:30`;
  const times = { start_datetime: instant(from), end_datetime: instant(until) };
  expect((await server.as('admin').patch(`${API}/sessions/${id}/`, times)).status).toBe(200);
};
/** Class and half-day of each open question, and the decisions of those that a person has answered. */
const questions = async (): Promise<{ open: string[][]; answered: string[] }> => {
  const rows: Body[] = await server.db
    .knex('exception_item as e')
    .join('attendance_session as s', 's.id', 'e.session_id')
    .where({ 's.scheduled_date': weeks.day, 'e.code': 'HOLIDAY_STRADDLE' })
    .orderBy('e.id')
    .select('e.*');
  const open = rows.filter(({ resolved_at: at }) => at === null);
  const answered = rows.filter(({ resolved_by: who }) => who !== null);
  return {
    open: open.map(({ session_id: id, detail }) => [id, detail.holiday_id]),
    answered: answered.map(({ decision }) => decision),
  };
};
const answer = async (decision: string): Promise<void> => {
  const item = await server.db
    .knex('exception_item')
    .where({ session_id: first, code: 'HOLIDAY_STRADDLE', resolved_at: null })
    .first('id');
  const done = await server.post(`${API}/exception-items/${item.id}/resolve/`, {
    decision,
    reason: 'looked at it',
  });
  expect(done.status).toBe(200);
};

describe('case 7: a class that is moved in time', () => {
  it('is put before a person once it lies partly in a half-day, and no more once it does not', async () => {
    const holiday = await declare(AFTERNOON);
    expect((await questions()).open).toEqual([]);
    await move('12:30', '13:20');
    expect((await questions()).open).toEqual([[first, holiday]]);
    await move('12:40', '13:30');
    expect((await questions()).open).toEqual([[first, holiday]]);
    await move('12:00', '12:50');
    expect((await questions()).open).toEqual([]);
    // Nobody has said anything about it before.
    await move('12:30', '13:20');
    expect((await questions()).open).toEqual([[first, holiday]]);
  });

  it('goes from the question of one half-day to that of another', async () => {
    const morning = await declare(FROM_HALF_PAST, 'Half a morning');
    const afternoon = await declare(AFTERNOON, 'Afternoon');
    expect((await questions()).open).toEqual([[first, morning]]);
    await move('12:30', '13:20');
    expect((await questions()).open).toEqual([[first, afternoon]]);
  });

  it('is asked about the half-day that an open question stood for, when only the other one is left', async () => {
    const one = await declare(FROM_HALF_PAST, 'First');
    const other = await declare({ start_time: '10:10', end_time: '10:50' }, 'Second');
    expect((await questions()).open).toEqual([[first, one]]);
    await move('09:30', '10:20');
    expect((await questions()).open).toEqual([[first, other]]);
  });

  it('keeps the answer that somebody gave, as long as it stays in that half-day', async () => {
    await declare(FROM_HALF_PAST);
    await answer('hold');
    await move('10:05', '10:50');
    expect(await questions()).toEqual({ open: [], answered: ['hold'] });
    await move('09:00', '09:50');
    await move('10:00', '10:50');
    expect((await questions()).open).toHaveLength(1);
  });

  it('takes place where a person moves it into a half-day altogether, and nobody is asked any more', async () => {
    await declare(FROM_HALF_PAST);
    expect((await questions()).open).toHaveLength(1);
    await move('10:30', '10:45');
    expect((await questions()).open).toEqual([]);
    expect((await weeks.session()).status).toBe('scheduled');
  });

  it('hostile: a move that is refused asks nothing', async () => {
    await declare(AFTERNOON);
    const day = weeks.date(1);
    const times = { start_datetime: `${day}T12:30:00+05:30`, end_datetime: `${day}T13:20:00+05:30` };
    expect((await server.as('admin').patch(`${API}/sessions/${first}/`, times)).status).toBe(400);
    expect((await questions()).open).toEqual([]);
  });
});

describe('case 7: a class that a person makes', () => {
  const make = (start_time: string, end_time: string) =>
    server.post(`${API}/sessions/`, {
      course: 'CS301',
      sections: ['cse-a'],
      faculty: 'F001',
      rooms: ['r101'],
      date: weeks.day,
      start_time,
      end_time,
      origin: 'extra',
      reason: 'needed',
    });

  it('is put before a person where it lies partly in a half-day; altogether in one it is what they wanted', async () => {
    const holiday = await declare(AFTERNOON);
    const partly = await make('12:30', '13:20');
    const wholly = await make('14:00', '14:50');
    expect([partly.status, wholly.status]).toEqual([201, 201]);
    expect((await questions()).open).toEqual([[partly.body.id, holiday]]);
  });

  it('case 68: which takes the hour of another one takes over the question about it', async () => {
    const holiday = await declare(FROM_HALF_PAST);
    const swap = { course: 'CS302', faculty: 'F001', reason: 'other hour' };
    const made = await server.post(`${API}/sessions/${first}/swap/`, swap);
    expect(made.body.id).not.toBe(first);
    expect((await questions()).open).toEqual([[made.body.id, holiday]]);
  });
});
