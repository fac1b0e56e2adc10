import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Knex } from '../db/database.js';
import { API, TestServer } from '../http/test-server.js';
import { TestWeeks } from '../http/test-weeks.js';
import { SYSTEM } from '../sessions/transition.js';
import { applyHoliday } from './apply-holiday.js';
import { beside } from './beside.test-support.js';
import { applyDay } from './change-day.js';
import { toHoliday } from './load-calendar.js';

let server: TestServer;
let weeks: TestWeeks;

beforeAll(async () => {
  server = await TestServer.start();
  weeks = new TestWeeks(server);
});
afterAll(() => server?.stop());
beforeEach(async () => {
  await weeks.next();
  const body = { kind: 'no_classes' };
  const put = await coordinator().put(`${API}/calendar-days/${weeks.day}/`, body);
  expect(put.body.effect.cancelled).toHaveLength(2);
});

const coordinator = () => server.as('coordinator');
const reasons = async (): Promise<string[]> => {
  const { knex } = server.db;
  const rows = await knex('attendance_session').where({ scheduled_date: weeks.day });
  return rows.map(({ status, status_reason: why }) => `${status} ${why}`);
};

describe('cases 4 and 5: a day that gets its classes back in the moment when a holiday is declared', () => {
  it('gives back none of those that the holiday takes', async () => {
    const declare = async (trx: Knex): Promise<void> => {
      const holiday = { campus_id: 'main', name: 'Rain', date: weeks.day, is_full_day: true };
      const [row] = await trx('attendance_holiday').insert(holiday).returning('*');
      const nowMs = server.clock.wallMs();
      await applyHoliday(trx, { holiday: toHoliday(row), nowMs, actor: SYSTEM });
    };
    const day = await beside(server.db.knex, declare, () =>
      coordinator().del(`${API}/calendar-days/${weeks.day}/`),
    );
    expect(day).toMatchObject({ status: 200, body: { restored: [] } });
    expect(await reasons()).toEqual(['cancelled HOLIDAY', 'cancelled HOLIDAY']);
  });

  it('gives them to the holiday, which waits for the day', async () => {
    const undo = async (trx: Knex): Promise<void> => {
      const [before] = await trx('calendar_day').where({ date: weeks.day }).delete().returning('*');
      const nowMs = server.clock.wallMs();
      const effect = await applyDay(trx, { date: weeks.day, before, nowMs, actor: SYSTEM });
      expect(effect.restored).toHaveLength(2);
    };
    const holiday = { name: 'Rain', date: weeks.day };
    const declared = await beside(server.db.knex, undo, () =>
      coordinator().post(`${API}/holidays/`, holiday),
    );
    expect(declared.body.effect.cancelled).toHaveLength(2);
    expect(await reasons()).toEqual(['cancelled HOLIDAY', 'cancelled HOLIDAY']);
  });
});
