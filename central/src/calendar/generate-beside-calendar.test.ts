import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Knex } from '../db/database.js';
import { type Answer, API, TestServer } from '../http/test-server.js';
import { SYSTEM } from '../sessions/transition.js';
import { applyHoliday } from './apply-holiday.js';
import { beside } from './beside.test-support.js';
import { plusDays } from './campus-zone.js';
import { applyDay } from './change-day.js';
import { generateSessions } from './generate.js';
import { toHoliday } from './load-calendar.js';

let server: TestServer;
/** A Tuesday, which has two classes in the timetable: from 10:00 and from 10:50. */
let tuesday = '2026-09-01';

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server?.stop());
beforeEach(() => {
  tuesday = plusDays(tuesday, 7);
});

const coordinator = () => server.as('coordinator');
const nowMs = () => server.clock.wallMs();

async function generated(trx: Knex, date: string): Promise<number> {
  return (await generateSessions(trx, { from: date, to: date, nowMs: nowMs() })).created;
}
const generate = (date: string): Promise<Answer> =>
  coordinator().post(`${API}/sessions/generate/`, { start_date: date, end_date: date });

interface Change {
  /** As the request does, in a transaction that goes on. */
  inside(trx: Knex, date: string): Promise<void>;
  request(date: string): Promise<Answer>;
}

const holiday = (times: { start_time?: string; end_time?: string }): Change => ({
  async inside(trx, date) {
    const row = { campus_id: 'main', name: 'Rain', date, is_full_day: times.start_time === undefined };
    const [stored] = await trx('attendance_holiday')
      .insert({ ...row, ...times })
      .returning('*');
    await applyHoliday(trx, { holiday: toHoliday(stored), nowMs: nowMs(), actor: SYSTEM });
  },
  request: (date) => coordinator().post(`${API}/holidays/`, { name: 'Rain', date, ...times }),
});

const day = (body: object): Change => ({
  async inside(trx, date) {
    await trx('calendar_day').insert({ campus_id: 'main', date, ...body });
    await applyDay(trx, { date, before: undefined, nowMs: nowMs(), actor: SYSTEM });
  },
  request: (date) => coordinator().put(`${API}/calendar-days/${date}/`, body),
});

/** Those that take place, by when they begin, and those that a person is asked about. */
async function outcome(date: string): Promise<{ held: string[]; asked: string[] }> {
  const { knex } = server.db;
  const rows = await knex('attendance_session')
    .where({ scheduled_date: date })
    .whereNot({ status: 'cancelled' })
    .orderBy('start_at')
    .select<{ id: string; start_at: Date }[]>('id', 'start_at');
  const open = await knex('exception_item')
    .where({ code: 'HOLIDAY_STRADDLE', resolved_at: null })
    .pluck('session_id');
  const begins = ({ start_at: at }: { start_at: Date }) => at.toISOString().slice(11, 16);
  return { held: rows.map(begins), asked: rows.filter(({ id }) => open.includes(id)).map(begins) };
}

const [FIRST, SECOND] = ['04:30', '05:20'];

describe.each([
  ['a holiday', holiday({}), 0, { held: [], asked: [] }],
  ['a half-day', holiday({ start_time: '10:30', end_time: '17:00' }), 0, { held: [FIRST], asked: [FIRST] }],
  ['a day without classes', day({ kind: 'no_classes' }), 0, { held: [], asked: [] }],
  [
    'a Wednesday that follows Tuesday',
    day({ kind: 'working', follows_weekday: 1 }),
    1,
    { held: [FIRST, SECOND], asked: [] },
  ],
] as const)('cases 3, 4, 7, 9: %s in the moment when the classes of its day are made', (_name, change, daysLater, expected) => {
  it('is waited for by the generation', async () => {
    const date = plusDays(tuesday, daysLater);
    const made = await beside(
      server.db.knex,
      (trx) => change.inside(trx, date),
      () => generate(date),
    );
    expect(made).toMatchObject({ status: 200, body: { created: expected.held.length } });
    expect(await outcome(date)).toEqual(expected);
  });

  it('waits for the generation', async () => {
    const date = plusDays(tuesday, daysLater);
    const made: number[] = [];
    const declared = await beside(
      server.db.knex,
      async (trx) => void made.push(await generated(trx, date)),
      () => change.request(date),
    );
    expect([made, declared.status < 300]).toEqual([[daysLater === 0 ? 2 : 0], true]);
    // What a day newly has is made by the next generation.
    await generate(date);
    expect(await outcome(date)).toEqual(expected);
  });
});
