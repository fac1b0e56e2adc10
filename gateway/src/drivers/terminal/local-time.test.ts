import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatLocal, isZone, LocalTime, parseLocal } from './local-time.js';
import { packTime, unpackTime } from './packed-time.js';

describe('the wall clock of a terminal', () => {
  it.each([
    ['2026-07-15 09:05:30', '2026-07-15 09:05:30'],
    ['2026/7/5T9:05', '2026-07-05 09:05:00'],
    ['2026-02-29 09:05:30', undefined],
    ['2026-07-15 24:05:30', undefined],
    ['1999-07-15 09:05:30', undefined],
    ['15-07-2026 09:05:30', undefined],
    ['', undefined],
  ])('reads %s', (text, expected) => {
    const local = parseLocal(text);
    expect(local === undefined ? undefined : formatLocal(local)).toBe(expected);
  });

  it('is half an hour off in India, and leaps where summer does', () => {
    const local = (text: string) => parseLocal(text) ?? 0;
    const utc = (zone: string, text: string) =>
      new Date(new LocalTime(zone).toUtcMs(local(text))).toISOString();
    expect(utc('Asia/Kolkata', '2026-07-15 09:05:30')).toBe('2026-07-15T03:35:30.000Z');
    expect(utc('Europe/Berlin', '2026-07-15 09:00:00')).toBe('2026-07-15T07:00:00.000Z');
    expect(utc('Europe/Berlin', '2026-12-15 09:00:00')).toBe('2026-12-15T08:00:00.000Z');
    // Twice in that night: the first one.
    expect(utc('Europe/Berlin', '2026-10-25 02:30:00')).toBe('2026-10-25T00:30:00.000Z');
    expect(isZone('Asia/Calcuta')).toBe(false);
  });

  it('comes back from every instant of a zone without summer time', () => {
    const zone = new LocalTime('Asia/Kolkata');
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(2000, 0, 2), max: Date.UTC(2060, 0, 1) }), (utcMs) => {
        expect(zone.toUtcMs(zone.toLocalMs(utcMs))).toBe(utcMs);
      }),
    );
  });

  it('is packed as ZKTeco does, in months of 31 days', () => {
    // Published in adrobinoga/zk-protocol.
    expect(packTime(Date.UTC(2018, 1, 22, 14, 54, 54))).toBe(583_080_894);
    expect(packTime(Date.UTC(2026, 6, 15, 9, 5, 30))).toBe(852_973_530);
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2099, 11, 31) }), (ms) => {
        const second = Math.floor(ms / 1_000) * 1_000;
        expect(unpackTime(packTime(second))).toBe(second);
      }),
    );
    expect(unpackTime(packTime(Date.UTC(2026, 1, 1)) + 30 * 86_400)).toBeUndefined();
  });
});
