import { describe, expect, it } from 'vitest';
import { collegeFile } from './college-file.js';

const file = collegeFile(2026, 5_000, {});

describe('the college for measurements', () => {
  it('has the promised size', () => {
    expect(file.students).toHaveLength(5_000);
    const sections = file.sections.filter(({ kind }) => kind === 'section');
    expect(sections).toHaveLength(84);
    expect(file.faculty.length / 5_000).toBeCloseTo(1 / 20, 2);
    expect(file.buildings.length).toBe(file.gateways.length);
    const readers = file.devices.filter(({ type }) => type === 'rfid');
    expect(readers.map(({ room }) => room).sort()).toEqual(
      file.buildings.flatMap(({ rooms }) => rooms.map(({ id }) => id)).sort(),
    );
    const weeklyOf = (id: string) => file.timetable.filter(({ section }) => section === id).length;
    // 42 periods less two labs of three and three periods of electives.
    expect(weeklyOf('cse-1-a')).toBe(33);
    expect([weeklyOf('cse-1-a-b1'), weeklyOf('cse-1-a-b2'), weeklyOf('cse-1-a-elective')]).toEqual([2, 2, 3]);
  });

  it('is the same for the same seed and another for another', () => {
    expect(JSON.stringify(collegeFile(1, 600, {}))).toBe(JSON.stringify(collegeFile(1, 600, {})));
    expect(JSON.stringify(collegeFile(1, 600, {}))).not.toBe(JSON.stringify(collegeFile(2, 600, {})));
  });

  it.each([
    60, 1_000, 5_000, 7_200,
  ])('of %i students wants nobody, no room and no group twice at an hour', (count) => {
    const { timetable, students, sections } = collegeFile(7, count, {});
    const parentOf = new Map(
      sections.map((group) => [group.id, 'parent' in group ? group.parent : undefined]),
    );
    const minutes = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
    const taken = new Map<string, { from: number; until: number; id: string }[]>();
    const take = (what: string, slot: (typeof timetable)[number]) => {
      const key = `${what} on ${slot.day_of_week}`;
      const span = { from: minutes(slot.start), until: minutes(slot.end), id: slot.id };
      const clash = taken.get(key)?.find(({ from, until }) => from < span.until && span.from < until);
      expect(clash, `${key}: ${slot.id}`).toBeUndefined();
      taken.set(key, [...(taken.get(key) ?? []), span]);
    };
    for (const slot of timetable) {
      take(`faculty ${slot.faculty}`, slot);
      take(`room ${slot.room}`, slot);
      take(`group ${slot.section}`, slot);
    }
    // A student of a batch and an elective meets no two classes at once.
    for (const { section, groups } of students.filter((_, index) => index % 97 === 0)) {
      const mine = timetable.filter((slot) => slot.section === section || groups.includes(slot.section));
      expect(mine).toHaveLength(38);
      const hours = mine.map(({ day_of_week: day, start }) => `${day} ${start}`);
      expect(new Set(hours).size).toBe(hours.length);
    }
    expect(new Set(timetable.map(({ id }) => id)).size).toBe(timetable.length);
    expect([...parentOf.values()].filter((parent) => parent !== undefined && !parentOf.has(parent))).toEqual(
      [],
    );
  });

  it('gives nobody the roll number or the card of another, not even in its last 24 bits', () => {
    const cards = file.students.flatMap((student) => student.cards);
    expect(new Set(cards.map((card) => card.slice(-6))).size).toBe(cards.length);
    expect(new Set(file.students.map(({ roll_number: roll }) => roll)).size).toBe(5_000);
    for (const { roll_number: roll } of file.students) expect(roll).toMatch(/^2[3-6]B81A\d{2}[0-9A-Z]\d$/);
  });
});
