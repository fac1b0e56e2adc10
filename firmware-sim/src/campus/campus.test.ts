import { describe, expect, it } from 'vitest';
import { DEVICE_MODELS } from '../devices/registry.js';
import { makeCampus, rollSuffix } from './campus.js';
import { campusFile } from './campus-file.js';
import { occurrences } from './timetable.js';

const KEY = Buffer.alloc(32, 7).toString('base64');
const file = campusFile(2026, { 'gw-block-a': KEY, 'gw-block-b': KEY });
const minutes = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));

describe('the demo campus', () => {
  it('has the promised size', () => {
    expect(file.buildings).toHaveLength(2);
    expect(file.buildings.flatMap((building) => building.rooms)).toHaveLength(8);
    expect(file.students).toHaveLength(480);
    expect(file.sections).toHaveLength(8);
    expect(file.courses).toHaveLength(16);
    expect(new Set(file.devices.map((device) => device.driver))).toEqual(
      new Set(DEVICE_MODELS.map(({ id }) => id)),
    );
    expect(file.devices.filter((device) => device.type === 'lights')).toHaveLength(4);
    expect(file.devices.filter((device) => device.type === 'rfid')).toHaveLength(12);
    expect(file.devices.filter((device) => device.type === 'fingerprint')).toHaveLength(4);
  });

  it('is the same for the same seed and another for another', () => {
    expect(JSON.stringify(campusFile(1, {}))).toBe(JSON.stringify(campusFile(1, {})));
    expect(JSON.stringify(campusFile(1, {}))).not.toBe(JSON.stringify(campusFile(2, {})));
  });

  it('gives nobody the roll number, the name or the card of another, not even in its last 24 bits', () => {
    const distinct = (values: string[]) => expect(new Set(values).size).toBe(values.length);
    distinct(file.students.map((student) => student.roll_number));
    distinct(file.students.map((student) => student.name));
    const all = file.students.flatMap((student) => student.cards);
    distinct(all);
    for (const card of all)
      expect(card).toMatch(
        /^(em4100:[0-9A-F]{10}|iso14443a:([0-9A-F]{8}|04[0-9A-F]{12})|uhf:E2[0-9A-F]{22})$/,
      );
    // No reader shows only a part of a UHF tag.
    distinct(all.filter((card) => !card.startsWith('uhf:')).map((card) => card.slice(-6)));
    for (const student of file.students) expect(student.roll_number).toMatch(/^24B81A\d{2}[0-9A-Z]\d$/);
  });

  it('counts roll numbers as JNTU does', () => {
    expect([1, 99, 100, 109, 110, 120].map(rollSuffix)).toEqual(['01', '99', 'A0', 'A9', 'B0', 'C0']);
  });

  it('has periods of 30 minutes around the clock that never touch midnight or each other', () => {
    for (const section of file.sections) {
      for (let day = 0; day < 7; day++) {
        const slots = file.timetable.filter(
          (slot) => slot.section === section.id && slot.day_of_week === day,
        );
        expect(slots.length).toBeGreaterThanOrEqual(46);
        slots.forEach((slot, index) => {
          expect(minutes(slot.end) - minutes(slot.start)).toBe(30);
          expect(minutes(slot.end)).toBeLessThan(24 * 60);
          if (index > 0) expect(minutes(slot.start)).toBe(minutes(slots[index - 1]?.end ?? ''));
        });
      }
    }
  });

  it('has unique timetable ids, faculty codes, and a class about to begin within five minutes at any hour', () => {
    expect(new Set(file.timetable.map((slot) => slot.id)).size).toBe(file.timetable.length);
    expect(new Set(file.faculty.map((one) => one.code)).size).toBe(file.faculty.length);
    const offsets = [...new Set(file.timetable.map((slot) => minutes(slot.start) % 30))].sort(
      (a, b) => a - b,
    );
    const gaps = offsets.map((offset, index) => (offsets[index + 1] ?? 30) - offset);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(5);
  });

  it('names only what it defines', () => {
    const ids = (rows: { id: string }[]) => new Set(rows.map((row) => row.id));
    const rooms = ids(file.buildings.flatMap((building) => building.rooms));
    const codes = new Set([...file.courses, ...file.faculty].map((row) => row.code));
    for (const slot of file.timetable) {
      expect([rooms.has(slot.room), codes.has(slot.course), codes.has(slot.faculty)]).toEqual([
        true,
        true,
        true,
      ]);
    }
    for (const device of file.devices) {
      expect([rooms.has(device.room), ids(file.gateways).has(device.gateway)]).toEqual([true, true]);
    }
  });

  it('finds class sessions by the campus day, not the UTC day', () => {
    const section = makeCampus(1).sections[0];
    if (section === undefined) throw new Error('no section');
    // Sunday 18:30 UTC is Monday 00:00 in Kolkata.
    const mondayMs = Date.UTC(2026, 6, 5, 18, 30);
    const [first] = occurrences(section, mondayMs, mondayMs + 60_000);
    expect(first?.period.dayOfWeek).toBe(0);
    expect(first?.startMs).toBe(mondayMs);
  });
});
