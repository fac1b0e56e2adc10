import fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { instantOf } from './campus-zone.js';

const iso = (date: string, time: string, zone: string) => new Date(instantOf(date, time, zone)).toISOString();

describe('the instant of a time on campus', () => {
  it('cases 24, 25: is that of the campus zone', () => {
    expect(iso('2026-07-07', '10:00', 'Asia/Kolkata')).toBe('2026-07-07T04:30:00.000Z');
    expect(iso('2026-07-06', '04:00', 'Asia/Kolkata')).toBe('2026-07-05T22:30:00.000Z');
    expect(iso('2026-07-07', '10:00:30', 'Asia/Kathmandu')).toBe('2026-07-07T04:15:30.000Z');
  });

  it('moves a time that a clock change skips, and takes the first of one that happens twice', () => {
    expect(iso('2026-03-29', '02:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z');
    expect(iso('2026-10-25', '02:30', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z');
    expect(iso('2026-03-28', '23:30', 'Europe/Berlin')).toBe('2026-03-28T22:30:00.000Z');
    expect(iso('2026-03-30', '00:30', 'Europe/Berlin')).toBe('2026-03-29T22:30:00.000Z');
  });

  it('is read back as the same time on the same date, in any zone and on any day without a clock change', () => {
    const zone = fc.constantFrom(
      'Asia/Kolkata',
      'Europe/Berlin',
      'America/New_York',
      'Pacific/Kiritimati',
      'Pacific/Midway',
      'Australia/Lord_Howe',
      'Africa/Casablanca',
    );
    const day = fc.integer({ min: 0, max: 8_000 });
    const minute = fc.integer({ min: 0, max: 1_439 });
    fc.assert(
      fc.property(zone, day, minute, (name, days, minutes) => {
        const wall = DateTime.fromISO('2015-01-01', { zone: 'utc' }).plus({ days, minutes });
        const [date, time] = [wall.toFormat('yyyy-MM-dd'), wall.toFormat('HH:mm')];
        const read = DateTime.fromMillis(instantOf(date, time, name), { zone: name });
        // A skipped time is moved on by the change, at most an hour.
        const text = read.toFormat('yyyy-MM-dd HH:mm');
        if (text === `${date} ${time}`) return;
        const moved = read.toMillis() - DateTime.fromISO(`${date}T${time}`, { zone: name }).toMillis();
        expect([name, date, time, Math.abs(moved) <= 3_600_000]).toEqual([name, date, time, true]);
        expect(read.minus({ hours: 2 }).offset).not.toBe(read.offset);
      }),
      { numRuns: 2_000, seed: 7 },
    );
  });
});
