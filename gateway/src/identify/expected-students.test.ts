import { describe, expect, it } from 'vitest';
import { ExpectedStudents } from './expected-students.js';

const held = {
  device_ids: ['r1', 'r2'],
  from: '2026-07-07T03:20:00.000Z',
  until: '2026-07-07T04:25:00.000Z',
  student_refs: ['a', 'b'],
};
const at = (time: string): number => Date.parse(`2026-07-07T${time}:00.000Z`);

describe('expected students', () => {
  it('are elsewhere only where a class goes on that is not theirs', () => {
    const expected = new ExpectedStudents();
    expected.replace([held, { ...held, device_ids: ['r2'], student_refs: ['c'] }]);
    expect(expected.isElsewhere('r1', 'c', at('03:30'))).toBe(true);
    expect(expected.isElsewhere('r1', 'a', at('03:30'))).toBe(false);
    expect(expected.isElsewhere('r2', 'c', at('03:30'))).toBe(false);
    expect(expected.isElsewhere('lab', 'c', at('03:30'))).toBe(false);
  });

  it('are expected from the opening on, and no more at the end', () => {
    const expected = new ExpectedStudents();
    expected.replace([held]);
    const elsewhere = (time: string): boolean => expected.isElsewhere('r1', 'c', at(time));
    expect(['03:19', '03:20', '04:24', '04:25'].map(elsewhere)).toEqual([false, true, true, false]);
  });

  it('are all those who have class at the device now, of two classes at once, too', () => {
    const expected = new ExpectedStudents();
    expected.replace([held]);
    const now = (time: string): string[] => [...expected.studentsAt('r1', at(time))].sort();
    expect([now('03:19'), now('03:20'), now('04:25')]).toEqual([[], held.student_refs, []]);
    expected.replace([held, { ...held, student_refs: ['a', 'z'] }]);
    expect(now('03:30')).toEqual([...held.student_refs, 'z']);
    expect([...expected.studentsAt('nowhere', at('03:30'))]).toEqual([]);
  });

  it('are those of the newest roster', () => {
    const expected = new ExpectedStudents();
    expected.replace([held]);
    expected.replace([]);
    expect(expected.isElsewhere('r1', 'c', at('03:30'))).toBe(false);
  });
});
