import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Answer, API } from '../http/test-server.js';
import { HttpCampus } from '../marks/http-campus.js';
import { rollNumber } from '../seed/test-campus.js';

let campus: HttpCampus;
/** Of each class one student, who has nothing to do with the other class. */
const studentOf = new Map<string, number>();

beforeAll(async () => {
  campus = await HttpCampus.open();
  const { knex } = campus.server.db;
  await knex('section').insert({ id: 'b1', name: 'B1', kind: 'batch', parent_id: 'cse-a' });
  const [student] = await knex('student')
    .where({ roll_number: rollNumber(1) })
    .pluck('id');
  await knex('roster_membership').insert({
    section_id: 'b1',
    student_id: student,
    valid_during: '[2026-07-01,)',
  });
});
afterAll(() => campus?.close());
beforeEach(() => campus.nextDay());

/** Two open classes, by id: in this order judges take them. */
async function openClasses(): Promise<[string, string]> {
  const morning = await campus.hold();
  const noon = await campus.hold({ start: '11:00', end: '11:50', section: 'b1' });
  studentOf.set(morning, 0).set(noon, 1);
  await campus.advance('11:10');
  return [morning, noon].toSorted() as [string, string];
}

/** The marks of both come while a judge has those of the first one, and wants those of the second one next. */
async function besideJudge(
  [first, second]: readonly [string, string],
  send: () => Promise<Answer>,
): Promise<Answer> {
  const { knex } = campus.server.db;
  const judge = await knex.transaction();
  try {
    const hold = (id: string) =>
      judge('session_tally').where({ session_id: id }).forUpdate().noWait().first();
    await hold(first);
    const sent = send();
    await vi.waitFor(async () => {
      const waiting = await knex('pg_stat_activity')
        .where({ wait_event_type: 'Lock' })
        .whereRaw('datname = current_database()');
      expect(waiting).toHaveLength(1);
    });
    await hold(second);
    await judge.commit();
    return await sent;
  } finally {
    if (!judge.isCompleted()) await judge.rollback();
  }
}

describe('marks of several classes at once', () => {
  it('case 82: those of a phone wait for a judge of one class without holding another', async () => {
    const classes = await openClasses();
    const records = classes.toReversed().map((id) => ({
      client_uuid: randomUUID(),
      session_id: id,
      student_id: rollNumber(studentOf.get(id) ?? 0),
      mark: 'late',
      captured_at: campus.at('11:05').toISOString(),
    }));
    const sync = () => campus.faculty.post(`${API}/records/offline-sync/`, { records });
    const { body } = await besideJudge(classes, sync);
    expect(body.results.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['applied', 'applied']);
    expect(await Promise.all(classes.map((id) => campus.mark(id, studentOf.get(id))))).toEqual([
      'late DECIDED_IN_BULK',
      'late DECIDED_IN_BULK',
    ]);
  });

  it('those of a file wait for a judge of one class without holding another, and each refusal is told once', async () => {
    const classes = await openClasses();
    const lines = classes
      .toReversed()
      .map((id) => `${id},${rollNumber(studentOf.get(id) ?? 0)},late,from paper`);
    const csv = ['session_id,roll_number,mark,reason', ...lines, `${classes[0]},NOBODY,late,x`].join('\n');
    const upload = () => campus.server.post(`${API}/records/import/`, { csv, apply: true });
    const { body } = await besideJudge(classes, upload);
    expect(body).toMatchObject({ rows: 3, accepted: 2, problems: [{ line: 4, code: 'NOT_ON_ROSTER' }] });
    expect(await Promise.all(classes.map((id) => campus.mark(id, studentOf.get(id))))).toEqual([
      'late DECIDED_IN_BULK',
      'late DECIDED_IN_BULK',
    ]);
  });
});
