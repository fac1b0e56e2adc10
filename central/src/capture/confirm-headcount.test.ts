import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, API, type Body } from '../http/test-server.js';
import { noteSwiftMarkingJob } from '../jobs/note-swift-marking.js';
import { silentLog } from '../log.js';
import { HttpCampus } from '../marks/http-campus.js';
import { rollNumber } from '../seed/test-campus.js';

let campus: HttpCampus;
const settings: string[] = [];
beforeAll(async () => {
  campus = await HttpCampus.open();
});
afterAll(() => campus?.close());
beforeEach(async () => {
  for (const setting of settings.splice(0)) await campus.unset(setting);
  await campus.nextDay();
});

const confirm = (id: string, headcount: number, more: object = {}): Promise<Answer> =>
  campus.faculty.post(`${API}/sessions/${id}/headcount-confirmation/`, { headcount, ...more });
const marks = (id: string): Promise<string[]> =>
  Promise.all([0, 1, 2, 3, 4].map((student) => campus.mark(id, student)));

/** Cards of three students where a finger is asked for, too, and both of the fourth. */
async function cardsOnly(): Promise<string> {
  settings.push(await campus.set('CARD_AND_FINGER', 'true'));
  const id = await campus.hold();
  for (const student of [0, 1, 2, 3]) await campus.tap('10:01', { student });
  await campus.tap('10:02', { student: 3, device: 'f101', kind: 'finger' });
  await campus.advance('10:40');
  return id;
}

describe('the faculty member confirms the headcount', () => {
  it('case 113: the count confirms the cards that wait for a finger, and nobody whom no device saw', async () => {
    const id = await cardsOnly();
    const answer = await confirm(id, 4);
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        headcount: 4,
        confirmed: [0, 1, 2].map((student) => ({ student: rollNumber(student), mark: 'present' })),
      },
    ]);
    expect(await marks(id)).toEqual([
      'present CONFIRMED',
      'present CONFIRMED',
      'present CONFIRMED',
      'present ON_TIME',
      'pending NO_CAPTURE_YET',
    ]);
    const why = await campus.explain(id, 0);
    expect(why.text).toBe('A person confirmed what the captures alone left open');
    expect(why.marked_at, 'the card gives the time').toBe(campus.at('10:01').toISOString());
    expect(why.decisions).toHaveLength(1);
    await campus.finish();
    expect(await campus.mark(id, 4)).toBe('absent NO_CAPTURE');
  });

  it('case 47: the count confirms who stayed from the class before, and a late card stays late', async () => {
    settings.push(await campus.set('CAPTURE_PER_PERIOD', 'true'));
    await campus.hold({ start: '10:00', end: '10:50' });
    const second = await campus.hold({ start: '10:50', end: '11:40', course: 'CS302' });
    await campus.tap('09:58', { student: 0 });
    await campus.tap('10:58', { student: 1 });
    await campus.advance('11:30');
    expect(await campus.mark(second, 0)).toBe('pending CAPTURE_PER_PERIOD');
    expect((await confirm(second, 2)).body.confirmed).toEqual([{ student: rollNumber(0), mark: 'present' }]);
    expect((await marks(second)).slice(0, 2)).toEqual(['present CONFIRMED', 'late LATE']);
  });

  it('case 113: who came late with the card alone is confirmed as late', async () => {
    settings.push(await campus.set('CARD_AND_FINGER', 'true'));
    const id = await campus.hold();
    await campus.tap('10:10', { student: 0 });
    await campus.advance('10:40');
    expect((await confirm(id, 1)).body.confirmed).toEqual([{ student: rollNumber(0), mark: 'late' }]);
  });

  it('cases 47, 113: fewer heads than marks confirm nobody until it is said who is not there', async () => {
    const id = await cardsOnly();
    const refused = await confirm(id, 3);
    expect([refused.status, refused.body.code]).toEqual([409, 'HEADCOUNT_TOO_LOW']);
    expect(refused.body.detail).toContain('1 students have attended and 3 more wait');
    expect((await confirm(id, 3, { not_here: ['NOBODY'] })).body.code).toBe('ROWS_REFUSED');
    const { knex } = campus.server.db;
    expect(await knex('decision').where({ session_id: id })).toEqual([]);
    expect((await knex('attendance_session').where({ id }).first()).headcount).toBeNull();
    const answer = await confirm(id, 3, { not_here: [rollNumber(1).toLowerCase()] });
    expect(answer.body.confirmed.map(({ student }: Body) => student)).toEqual([rollNumber(0), rollNumber(2)]);
    expect(await campus.mark(id, 1)).toBe('pending FINGER_NEEDED');
    expect((await campus.server.get(`${API}/sessions/${id}/summary/`)).body.headcount).toBe(3);
  });

  it('case 113: more heads than marks are no reason to refuse, and the same count again confirms nobody twice', async () => {
    const id = await cardsOnly();
    expect((await confirm(id, 9)).body.confirmed).toHaveLength(3);
    expect((await confirm(id, 9)).body.confirmed).toEqual([]);
    expect(await campus.server.db.knex('decision').where({ session_id: id })).toHaveLength(3);
  });

  it('cases 32, 113, 119: it is no marking by hand: not in the manual share, not swift', async () => {
    const { db, clock } = campus.server;
    const id = await cardsOnly();
    await confirm(id, 4);
    await campus.finish();
    const day = campus.date();
    const share = await campus.server.get(`${API}/manual-share/?start_date=${day}&end_date=${day}`);
    expect(share.body.results[0]).toMatchObject({ marks: 5, manual: 0, in_outage: 0, is_over: false });
    await noteSwiftMarkingJob.run({ db, clock, log: silentLog });
    expect(await db.knex('swift_marking').where({ session_id: id })).toEqual([]);
  });

  it('case 158: who confirmed whom by which count is in the audit log, and withdrawn it waits again', async () => {
    const id = await cardsOnly();
    await confirm(id, 4, { reason: 'counted twice' });
    const { knex } = campus.server.db;
    const rows = await knex('attendance_audit_log')
      .where({ session_id: id, entity_type: 'decision' })
      .select('action', 'actor_role', 'reason', 'after');
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatchObject({ actor_role: 'faculty', reason: 'counted twice' });
    expect(rows[0].after).toMatchObject({ kind: 'confirm', mark: 'present' });
    const change = await knex('session_change').where({ session_id: id, kind: 'headcount' }).first();
    expect(change.after.confirmed).toEqual([0, 1, 2].map(rollNumber));
    const { id: record } = await campus.record(id, 0);
    const withdrawn = await campus.faculty.del(`${API}/records/${record}/`, {}, { reason: 'not there' });
    expect(withdrawn.status).toBe(200);
    expect(await campus.mark(id, 0)).toBe('pending FINGER_NEEDED');
  });

  it('cases 18, 157: a locked, cancelled, future or foreign class, another role and an older version change nothing', async () => {
    const id = await cardsOnly();
    const path = `${API}/sessions/${id}/headcount-confirmation/`;
    const stale = await campus.faculty.post(path, { headcount: 4, version: 99 });
    expect(stale.body.code).toBe('STALE');
    expect((await campus.student().post(path, { headcount: 4 })).status).toBe(403);
    await campus.server.db.knex('faculty').insert({ code: 'F777', full_name: 'Of another class' });
    const other = campus.server.as('faculty', { faculty: 'F777' });
    expect((await other.post(path, { headcount: 4 })).status).toBe(404);
    for (const headcount of [-1, 1.5, '4', null]) {
      expect((await campus.faculty.post(path, { headcount })).status).toBe(400);
    }
    const { knex } = campus.server.db;
    for (const [status, code] of [
      ['locked', 'SESSION_LOCKED'],
      ['scheduled', 'SESSION_NOT_OPEN'],
      ['not_held', 'SESSION_CANCELLED'],
    ] as const) {
      await knex('attendance_session').where({ id }).update({ status });
      expect((await confirm(id, 4)).body.code).toBe(code);
    }
    await knex('attendance_session').where({ id }).update({ status: 'open' });
    expect(await knex('decision').where({ session_id: id })).toEqual([]);
  });
});
