import { ManualClock } from '@rollcall/protocol/manual-clock';
import { describe, expect, it } from 'vitest';
import { CATCH_UP_MS, CampusBehavior, FIRST_ROUND_MS } from './behavior.js';
import { devicesOf, enrolledFingers, makeCampus, shownTo } from './campus.js';
import type { ReaderDriver } from './reader-kinds.js';
import { type PlannedTap, planSession } from './session-plan.js';
import { occurrences } from './timetable.js';

const MINUTE_MS = 60_000;
/** A Tuesday, 10:03 in Kolkata: some rooms are in class, some about to be. */
const NOW_MS = Date.UTC(2026, 6, 7, 4, 33);
const campus = makeCampus(2026);

function watch() {
  const clock = new ManualClock(NOW_MS);
  const taps: (PlannedTap & { tappedMs: number })[] = [];
  const behavior = new CampusBehavior({
    clock,
    campus,
    tap: (tap) => taps.push({ ...tap, tappedMs: clock.wallMs() }),
  });
  behavior.start();
  return { clock, taps, behavior };
}

describe('planSession', () => {
  it('knows every kind of student, each in its time', () => {
    const reasons = new Map<string, number>();
    for (const section of campus.sections) {
      for (const occurrence of occurrences(section, NOW_MS, NOW_MS + 120 * MINUTE_MS)) {
        for (const tap of planSession(campus, occurrence)) {
          reasons.set(tap.reason, (reasons.get(tap.reason) ?? 0) + 1);
          const phaseMinutes = (tap.atMs - occurrence.startMs) / MINUTE_MS;
          if (tap.reason === 'early') expect(phaseMinutes).toBeGreaterThanOrEqual(-8);
          if (tap.reason === 'on_time') expect(phaseMinutes).toBeLessThanOrEqual(5);
          if (tap.reason === 'late') expect(phaseMinutes).toBeGreaterThan(5);
          if (tap.reason === 'after_cutoff') expect(phaseMinutes).toBeGreaterThan(20);
          if (tap.reason === 'wrong_room') expect(tap.room).not.toBe(section.room);
        }
      }
    }
    expect([...reasons.keys()].sort()).toEqual([
      'after_cutoff',
      'early',
      'late',
      'on_time',
      'twice',
      'visitor',
      'wrong_room',
    ]);
  });

  it('uses the number that the reader of that room sees, and visitors no student has', () => {
    const section = campus.sections[0];
    const occurrence = section && occurrences(section, NOW_MS, NOW_MS + 60 * MINUTE_MS)[0];
    if (occurrence === undefined) throw new Error('no class session');
    const known = (driver: ReaderDriver) =>
      new Set(campus.sections.flatMap((one) => one.students.map((student) => shownTo(driver, student))));
    for (const tap of planSession(campus, occurrence)) {
      expect(devicesOf(tap.room)).toContain(tap.device);
      expect(known(tap.device.driver).has(tap.shown)).toBe(tap.reason !== 'visitor');
    }
  });

  it('lets only those lay a finger on a scanner who enrolled at it, and strangers', () => {
    const room = campus.rooms.find(({ second }) => second.driver === 'ef01');
    const section = campus.sections.find((one) => one.room === room);
    if (section === undefined) throw new Error('no room has a scanner');
    const enrolled = new Set(
      enrolledFingers(campus)
        .filter(({ student }) => section.students.includes(student))
        .map(({ name }) => name),
    );
    const fingers = campus.sections
      .flatMap((one) => occurrences(one, NOW_MS, NOW_MS + 300 * MINUTE_MS))
      .flatMap((occurrence) => planSession(campus, occurrence))
      .filter(({ device }) => device === section.room.second);
    expect(fingers.length).toBeGreaterThan(20);
    for (const { shown, reason } of fingers) expect(enrolled.has(shown)).toBe(reason !== 'visitor');
  });
});

describe('CampusBehavior', () => {
  it('fills the first minute with those who should have come already, so that a watcher sees life at once', () => {
    const { clock, taps } = watch();
    clock.advance(CATCH_UP_MS);
    expect(taps.length).toBeGreaterThan(60);
    const firstTenSeconds = taps.filter((tap) => tap.tappedMs - NOW_MS <= 10_000);
    expect(firstTenSeconds.length).toBeGreaterThanOrEqual(5);
  });

  it('has somebody try every device within the first minute', () => {
    const { clock, taps } = watch();
    clock.advance(FIRST_ROUND_MS);
    const tried = taps.filter(({ reason }) => reason === 'first_round').map(({ device }) => device.id);
    const all = campus.rooms.flatMap(({ reader, second }) => [reader.id, second.id]);
    expect(tried.sort()).toEqual(all.sort());
  });

  it('goes on in real time, every class session planned once', () => {
    const { clock, taps, behavior } = watch();
    clock.advance(3 * 60 * MINUTE_MS);
    const inTime = taps.filter((tap) => tap.tappedMs > NOW_MS + CATCH_UP_MS);
    for (const tap of inTime) expect(tap.tappedMs).toBe(tap.atMs);
    const keys = taps.map((tap) => `${tap.shown}@${tap.atMs}@${tap.device.id}`);
    expect(new Set(keys).size).toBe(keys.length);
    // 480 students every half hour: about one tap in four seconds.
    expect(inTime.length).toBeGreaterThan(2_000);
    behavior.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('does the same again from the same moment', () => {
    const run = () => {
      const { clock, taps } = watch();
      clock.advance(5 * MINUTE_MS);
      return taps.map((tap) => `${tap.tappedMs} ${tap.device.id} ${tap.shown}`);
    };
    expect(run()).toEqual(run());
  });
});
