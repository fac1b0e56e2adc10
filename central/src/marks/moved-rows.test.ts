import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { silentLog } from '../log.js';
import { foldStatistics } from '../statistics/fold.js';
import { createJudge } from './judge.js';
import { RuleCampus } from './rule-campus.js';

let campus: RuleCampus;
beforeAll(async () => {
  campus = await RuleCampus.open();
});
beforeEach(() => campus.nextDay());
afterAll(() => campus.close());

const fold = () => foldStatistics(campus.db.knex, 1_000, campus.clock.wallMs());
const judge = () => {
  const clock = new ManualClock(campus.clock.wallMs());
  return createJudge({ db: campus.db, clock, log: silentLog }).run();
};

/** Somebody who holds nothing writes a row of the table, before the others write it and after they have read it. */
async function besideWriter(
  table: string,
  studentId: string,
  write: () => Promise<unknown>,
): Promise<unknown> {
  const { knex } = campus.db;
  const foreign = await knex.transaction();
  try {
    await foreign.raw('UPDATE ?? SET student_id = student_id WHERE student_id = ?', [table, studentId]);
    const written = write().catch((error: unknown) => error);
    await vi.waitFor(async () => {
      const waiting = await knex('pg_stat_activity')
        .where({ wait_event_type: 'Lock' })
        .whereRaw('datname = current_database()');
      expect(waiting).toHaveLength(1);
    });
    await foreign.commit();
    return await written;
  } finally {
    if (!foreign.isCompleted()) await foreign.rollback();
  }
}

/** An absent student, counted; then somebody decides otherwise. */
async function decideOtherwise(): Promise<{ id: string; studentId: string }> {
  const { knex } = campus.db;
  const id = await campus.hold({ from: '09:00', until: '09:50', status: 'finalized' });
  await campus.judge();
  await fold();
  const studentId = await campus.studentId(0);
  const at = new Date(campus.clock.wallMs());
  await knex('decision').insert({
    ...{ session_id: id, student_id: studentId, kind: 'explicit', mark: 'present', reason: 'was there' },
    ...{ source: 'manual', decided_at: at, received_at: at },
  });
  await knex('judgement_todo').insert({ session_id: id, student_id: studentId });
  return { id, studentId };
}

it('a record that somebody moves beside the judge is judged again, and no mark is lost', async () => {
  const { id, studentId } = await decideOtherwise();
  expect(await besideWriter('attendance_record', studentId, judge)).toMatchObject({
    code: 'CONCURRENT_CHANGE',
    context: { table: 'attendance_record', found: 1, changed: 0 },
  });
  expect(await campus.db.knex('judgement_todo').where({ session_id: id })).toHaveLength(1);
  await judge();
  expect(await campus.mark(id, 0)).toBe('present DECIDED_BY_HUMAN');
});

it.each([
  'statistics_contribution',
  'attendance_statistics',
  'aggregate_statistics',
])('what somebody moves of %s beside the keeper is counted again, and no number is lost', async (table) => {
  const { knex } = campus.db;
  const { studentId } = await decideOtherwise();
  await judge();
  const attended = async (): Promise<number> =>
    (await knex('aggregate_statistics').where({ student_id: studentId }).first()).attended_periods;
  const before = await attended();
  expect(await besideWriter(table, studentId, fold)).toMatchObject({
    code: 'CONCURRENT_CHANGE',
    context: { table },
  });
  expect(await attended()).toBe(before);
  await fold();
  expect(await attended()).toBe(before + 1);
});
