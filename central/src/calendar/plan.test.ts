import { describe, expect, it } from 'vitest';
import { makePolicy } from '../rules/policy.js';
import { dateAt, instantOf, isDate, isZone, weekdayOf } from './campus-zone.js';
import { planSessions, type Slot } from './plan.js';

const ZONE = 'Asia/Kolkata';

const slot = (overrides: Partial<Slot> = {}): Slot => ({
  id: 'cse-a-tue-1000',
  dayOfWeek: 1,
  startTime: '10:00:00',
  endTime: '10:50:00',
  periodStartsOn: '2025-07-01',
  periodEndsOn: '2025-12-31',
  ...overrides,
});

const plan = (from: string, to: string, overrides: Partial<Slot> = {}, zone = ZONE) =>
  planSessions({ slots: [slot(overrides)], from, to, zone, policyAt: () => makePolicy() }).sessions;

const iso = (ms: number): string => new Date(ms).toISOString();

describe('planSessions', () => {
  it('case 1: a Tuesday slot in July 2025 gives five sessions, not one', () => {
    expect(plan('2025-07-01', '2025-07-31').map(({ date }) => date)).toEqual([
      '2025-07-01',
      '2025-07-08',
      '2025-07-15',
      '2025-07-22',
      '2025-07-29',
    ]);
  });

  it('case 10: nothing before the first or after the last day of the academic period', () => {
    const period = { periodStartsOn: '2025-07-08', periodEndsOn: '2025-07-15' };
    expect(plan('2025-07-01', '2025-07-31', period).map(({ date }) => date)).toEqual([
      '2025-07-08',
      '2025-07-15',
    ]);
  });

  it('case 23: a class over midnight belongs to the date of its start', () => {
    const [night] = plan('2025-07-01', '2025-07-01', { startTime: '23:30', endTime: '00:30' });
    expect(night?.date).toBe('2025-07-01');
    expect([night?.startMs, night?.endMs].map((ms) => iso(ms ?? 0))).toEqual([
      '2025-07-01T18:00:00.000Z',
      '2025-07-01T19:00:00.000Z',
    ]);
  });

  it('case 24: 04:00 on a campus Monday is a Monday class although UTC still has Sunday', () => {
    const [early] = plan('2025-06-30', '2025-07-07', { dayOfWeek: 0, startTime: '04:00', endTime: '04:50' });
    expect(early?.date).toBe('2025-07-07');
    expect(iso(early?.startMs ?? 0)).toBe('2025-07-06T22:30:00.000Z');
    expect(dateAt(early?.startMs ?? 0, ZONE)).toBe('2025-07-07');
  });

  it('case 25: 10:00 is 10:00 on campus, whatever the zone of the server', () => {
    const server = process.env['TZ'];
    try {
      for (const zone of ['UTC', 'America/Los_Angeles', 'Asia/Tokyo']) {
        process.env['TZ'] = zone;
        expect(iso(plan('2025-07-01', '2025-07-01')[0]?.startMs ?? 0)).toBe('2025-07-01T04:30:00.000Z');
      }
    } finally {
      if (server === undefined) delete process.env['TZ'];
      else process.env['TZ'] = server;
    }
  });

  it('keeps the wall time over a change of daylight saving time', () => {
    const sundays = plan(
      '2025-03-23',
      '2025-03-30',
      { dayOfWeek: 6, periodStartsOn: '2025-01-01' },
      'Europe/Berlin',
    );
    expect(sundays.map(({ startMs }) => iso(startMs))).toEqual([
      '2025-03-23T09:00:00.000Z',
      '2025-03-30T08:00:00.000Z',
    ]);
  });

  it('moves a time that the clock change skips, and takes the first of a time that comes twice', () => {
    expect(iso(instantOf('2025-03-30', '02:30', 'Europe/Berlin'))).toBe('2025-03-30T01:30:00.000Z');
    expect(iso(instantOf('2025-10-26', '02:30', 'Europe/Berlin'))).toBe('2025-10-26T00:30:00.000Z');
  });

  it('reaches back half an hour and on to the end of the close grace', () => {
    const [session] = plan('2025-07-01', '2025-07-01');
    expect([session?.reachFromMs, session?.reachUntilMs].map((ms) => iso(ms ?? 0))).toEqual([
      '2025-07-01T04:00:00.000Z',
      '2025-07-01T05:25:00.000Z',
    ]);
  });
});

describe('campus zone', () => {
  it('knows dates that exist and zones that exist', () => {
    expect(['2025-02-28', '2025-02-30', '2025-2-3', 'today'].map(isDate)).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(['Asia/Kolkata', 'Asia/Atlantis'].map(isZone)).toEqual([true, false]);
    expect(weekdayOf('2025-07-01')).toBe(1);
  });
});
