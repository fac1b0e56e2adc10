import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus, classIsOpen } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';
import { until } from '../support/until.js';

/** What people see of a class: nothing in it says when the evidence was received. */
const MARKS = `
  SELECT st.roll_number, r.mark, r.source, r.reason, r.marked_at::text AS marked_at, r.derivation
  FROM attendance_record r JOIN student st ON st.id = r.student_id ORDER BY 1`;
const TALLIES =
  'SELECT session_id::text, present, late, absent, excused, pending FROM session_tally ORDER BY 1';
const PUNCHES = `
  SELECT store_id::text, seq, punch_id::text, device_id, outcome, student_id::text, room_id, occurred_at::text, effective_at::text
  FROM punch ORDER BY 1, 2`;

describe('a database that was restored from a backup', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await Campus.start({ students: 6 });
    await classIsOpen(campus);
  });
  afterAll(() => campus?.stop());

  const tapStudents = async (from: number, until: number): Promise<void> => {
    for (const { uid } of campus.students.slice(from, until))
      expect(await campus.reader().tap(uid)).toBe('green');
  };
  const marked = (): Promise<number> =>
    campus.database.count('attendance_record', "mark IN ('present', 'late')");
  const look = async () => ({
    marks: await campus.database.rows(MARKS),
    tallies: await campus.database.rows(TALLIES),
    punches: await campus.database.rows(PUNCHES),
  });

  it('case 161: gets what its gateway had sent since, though it was acknowledged, and the marks are what they were', async () => {
    await tapStudents(0, 2);
    await until('two are marked', async () => (await marked()) === 2);
    await campus.drained();
    await campus.central.stop();
    const restore = await campus.database.backUp();
    await campus.central.start();
    // The second of them again: what the backup has of him is not all that happened.
    await tapStudents(1, 5);
    await campus.tapNewCard();
    await campus.drained();
    await until('five are marked', async () => (await marked()) === 5);
    const before = await look();
    const { acked } = campus.gateway.outbox();
    expect(acked).toBe(campus.gateway.outbox().head);

    await campus.central.stop();
    await restore();
    expect(await marked()).toBe(2);
    await campus.central.start();
    await until('five are marked again', async () => (await marked()) === 5);
    await until('everything is there again', async () => {
      const { punches } = await look();
      return punches.length === before.punches.length;
    });
    await until(
      'nothing waits to be judged',
      async () => (await campus.database.count('judgement_todo')) === 0,
    );
    expect(await look()).toEqual(before);
    // What comes now comes as ever.
    await tapStudents(5, 6);
    await until('six are marked', async () => (await marked()) === 6);
    await expectGreensArePunches(campus);
  });
});
