import { describe, expect, it } from 'vitest';
import { campusDate, createFormats, minutesUntil } from './format.js';

const TEN = '2026-11-22T04:30:00.000Z';
const ZONE = 'Asia/Kolkata';

describe('createFormats', () => {
  for (const locale of ['en-IN', 'te-IN', 'hi-IN']) {
    it(`says campus time on a 24-hour clock, wherever the browser is (${locale})`, () => {
      const formats = createFormats(locale, ZONE);
      expect(formats.clock(TEN)).toBe('10:00:00');
      expect(formats.clock('2026-11-21T18:30:05.000Z')).toBe('00:00:05');
      expect(formats.range(TEN, '2026-11-22T05:20:00.000Z')).toBe('10:00–10:50');
    });
  }

  it('names ages in words', () => {
    const formats = createFormats('en-IN', ZONE);
    const now = Date.parse(TEN);
    expect(formats.ago(now - 12_000, now)).toBe('12 seconds ago');
    expect(formats.ago(now - 59_999, now)).toBe('59 seconds ago');
    expect(formats.ago(now - 60_000, now)).toBe('1 minute ago');
    expect(formats.ago(now - 7_200_000, now)).toBe('2 hours ago');
    expect(formats.ago(now - 86_400_000, now)).toBe('yesterday');
  });

  it('never places what happened in the future', () => {
    const formats = createFormats('en-IN', ZONE);
    expect(formats.ago(Date.parse(TEN) + 5_000, Date.parse(TEN))).toBe('now');
  });
});

describe('campusDate', () => {
  it('is the date on campus, not in UTC', () => {
    expect(campusDate(Date.parse('2026-11-21T18:29:59Z'), ZONE)).toBe('2026-11-21');
    expect(campusDate(Date.parse('2026-11-21T18:30:00Z'), ZONE)).toBe('2026-11-22');
  });
});

describe('minutesUntil', () => {
  it('rounds up and stops at zero', () => {
    expect(minutesUntil(TEN, Date.parse(TEN) - 1)).toBe(1);
    expect(minutesUntil(TEN, Date.parse(TEN) - 60_000)).toBe(1);
    expect(minutesUntil(TEN, Date.parse(TEN))).toBe(0);
    expect(minutesUntil(TEN, Date.parse(TEN) + 60_000)).toBe(0);
  });
});
