import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API, type Body } from '../http/test-server.js';
import { noteSwiftMarkingJob } from '../jobs/note-swift-marking.js';
import { silentLog } from '../log.js';
import { rollNumber } from '../seed/test-campus.js';
import { HttpCampus } from './http-campus.js';

let campus: HttpCampus;
beforeAll(async () => {
  campus = await HttpCampus.open();
  const { knex } = campus.server.db;
  await knex('department').insert({ id: 'cse', campus_id: 'main', name: 'CSE' });
  await knex('section').where({ id: 'cse-a' }).update({ department_id: 'cse' });
});
afterAll(() => campus?.close());
beforeEach(() => campus.nextDay());

const head = () => campus.server.as('hod', { department: 'cse' });
const markByHand = (session: string, index: number, reason = 'forgot the card') =>
  campus.faculty.post(`${API}/records/`, {
    session_id: session,
    student: rollNumber(index),
    mark: 'present',
    reason,
  });
const share = async (): Promise<Body> => {
  const day = campus.date();
  return (await head().get(`${API}/manual-share/?start_date=${day}&end_date=${day}`)).body.results[0];
};

describe('marks by hand', () => {
  it('case 32: a mark by hand needs a reason, counts for its faculty, and stands out above the limit on the page of the head', async () => {
    const id = await campus.hold();
    for (const student of [0, 2, 3, 4]) await campus.tap('10:01', { student });
    await campus.advance('10:30');
    expect((await markByHand(id, 1, '')).body.code).toBe('REQUEST_INVALID');
    const marked = await markByHand(id, 1);
    expect(marked.body).toMatchObject({ mark: 'present', source: 'manual', reason: 'DECIDED_BY_HUMAN' });
    await campus.finish();
    // One of five is more than fifteen in a hundred.
    expect(await share()).toMatchObject({
      faculty: { code: 'F001' },
      marks: 5,
      manual: 1,
      in_outage: 0,
      is_over: true,
    });
    expect(
      (await campus.student().get(`${API}/manual-share/?start_date=2026-07-07&end_date=2026-07-07`)).status,
    ).toBe(403);
  });

  it('case 32: exactly the limit is not above it', async () => {
    const limit = await campus.set('MANUAL_SHARE_MAX_PERCENT', '20');
    const id = await campus.hold();
    for (const student of [0, 2, 3, 4]) await campus.tap('10:01', { student });
    await campus.advance('10:30');
    await markByHand(id, 1);
    await campus.finish();
    expect(await share()).toMatchObject({ manual: 1, marks: 5, is_over: false });
    await campus.unset(limit);
  });

  it('case 33: while a reader of the room is out, marks by hand say so and do not count in the share', async () => {
    const { knex } = campus.server.db;
    const id = await campus.hold();
    await campus.advance('10:00');
    await knex('attendance_biometric_device').where({ device_id: 'c101' }).update({ status: 'error' });
    await markByHand(id, 1);
    await campus.faculty.post(`${API}/records/bulk-mark/`, {
      session_id: id,
      attendance_data: [{ student_id: rollNumber(2), mark: 'present', reason: 'roll call' }],
    });
    await knex('attendance_biometric_device').where({ device_id: 'c101' }).update({ status: 'active' });
    await campus.advance('10:21');
    await markByHand(id, 3);
    await campus.finish();
    expect(await knex('decision').where({ session_id: id, is_device_outage: true })).toHaveLength(2);
    expect(await share()).toMatchObject({ manual: 1, in_outage: 2 });
  });

  it('case 33: a gateway that is offline is an outage of its readers, too', async () => {
    const { knex } = campus.server.db;
    const id = await campus.hold();
    await campus.advance('10:00');
    await knex('gateway').update({ state: 'offline' });
    await markByHand(id, 1);
    await knex('gateway').update({ state: 'online' });
    expect(await knex('decision').where({ session_id: id }).pluck('is_device_outage')).toEqual([true]);
  });

  it('case 119: a class marked present in seconds ten times in a row without a device is a pattern for the head', async () => {
    const { db, clock } = campus.server;
    const note = () => noteSwiftMarkingJob.run({ db, clock, log: silentLog });
    const items = () => db.knex('exception_item').where({ code: 'SWIFT_MARKING' });
    const markAll = async (tapped: boolean): Promise<void> => {
      await campus.nextDay();
      const id = await campus.hold();
      if (tapped) await campus.tap('10:01');
      await campus.advance('10:30');
      await campus.faculty.post(`${API}/records/bulk-mark/`, { session_id: id, mark_rest: 'present' });
      await campus.finish();
      await note();
    };
    // A single capture in one of them: somebody was there with the reader.
    for (let day = 0; day < 9; day += 1) await markAll(false);
    await markAll(true);
    expect(await items()).toEqual([]);
    for (let day = 0; day < 9; day += 1) await markAll(false);
    expect(await items()).toEqual([]);
    await markAll(false);
    expect(await items()).toMatchObject([
      { detail: { faculty_code: 'F001', classes: 10 }, student_id: null },
    ]);
    await markAll(false);
    expect(await items()).toHaveLength(1);
    expect(await note()).toBeUndefined();
  });
});

describe('rules that change, and captures', () => {
  it('case 42: a new letter is written, read and shown in classes held after it, and in none before', async () => {
    const { server } = campus;
    const before = await campus.hold();
    await campus.tap('10:01');
    await campus.finish();
    await campus.nextDay();
    const words = 'P:present,A:absent,L:late,E:excused,OD:excused';
    const setting = await campus.set('MARK_VOCABULARY', words);
    const after = await campus.hold();
    await campus.tap('10:01');
    await campus.finish();
    await campus.unset(setting);
    await server.post(`${API}/sessions/${before}/recompute/`, { apply: true, reason: 'late news' });
    expect((await campus.explain(before)).vocabulary).toBe('P:present,A:absent,L:late,E:excused');
    expect((await campus.explain(after)).vocabulary).toBe(words);
    // By hand, one and many.
    const markAs = (id: string, mark: string) =>
      campus.faculty.post(`${API}/records/`, {
        session_id: id,
        student: rollNumber(1),
        mark,
        reason: 'sent by the college',
      });
    expect((await markAs(before, 'OD')).body.code).toBe('REQUEST_INVALID');
    expect((await markAs(after, 'od')).body).toMatchObject({ mark: 'excused', letter: 'OD' });
    const row = (index: number, mark: string) => ({ student_id: rollNumber(index), mark, reason: 'NCC' });
    const bulk = await campus.faculty.post(`${API}/records/bulk-mark/`, {
      session_id: after,
      attendance_data: [row(2, 'OD'), row(3, 'X')],
    });
    expect(bulk.body.results).toMatchObject([
      { student: rollNumber(2), outcome: 'applied', mark: 'excused' },
      { student: rollNumber(3), outcome: 'refused', code: 'MARK_INVALID' },
    ]);
    // From a file: each line by the vocabulary of its class.
    const csv = [before, after].map((id) => `${id},${rollNumber(4)},OD,letter`).join('\n');
    const { body: imported } = await server.post(`${API}/records/import/`, {
      csv: `session_id,roll_number,mark,reason\n${csv}`,
      apply: true,
    });
    expect(imported).toMatchObject({ accepted: 1, problems: [{ line: 2, code: 'MARK_INVALID' }] });
    const records = await server.results(`${API}/sessions/${after}/records/`);
    expect(records.map(({ mark, letter }) => `${mark} ${letter}`)).toEqual([
      'present P',
      'excused OD',
      'excused OD',
      'absent A',
      'excused OD',
    ]);
    // The same mark in words has the first letter that means it.
    expect((await markAs(after, 'excused')).body.letter).toBe('E');
  });

  it('case 26: a capture after the cut-off is kept, and its student sees it', async () => {
    const id = await campus.hold();
    await campus.tap('10:20:01');
    await campus.finish();
    const { id: record, mark } = await campus.record(id);
    expect(mark).toBe('absent');
    const seen = (await campus.student().get(`${API}/records/${record}/explain/`)).body;
    expect(seen).toMatchObject({ reason: 'ARRIVED_AFTER_CUTOFF', mark: 'absent' });
    expect(seen.evidence).toMatchObject([{ effective_at: campus.at('10:20:01').toISOString(), used: true }]);
  });

  it('case 14: closed early, the minimum stay is measured to the real end and the late cut-off stays', async () => {
    const stay = await campus.set('MIN_DURATION_FOR_PRESENT_MINUTES', '20');
    const id = await campus.hold({ room: 'r103' });
    await campus.advance('10:00');
    campus.goTo('10:15');
    await campus.faculty.post(`${API}/sessions/${id}/close/`);
    for (const [student, time] of [
      [0, '10:00'],
      [1, '10:08'],
      [2, '10:14'],
    ] as const) {
      await campus.tap(time, { device: 'in103', student });
    }
    await campus.tap('10:10', { device: 'out103', student: 1 });
    await campus.finish();
    // Whoever stayed until the class ended has been there long enough.
    expect(await campus.mark(id, 0)).toBe('present ON_TIME');
    expect(await campus.mark(id, 1)).toBe('absent TOO_SHORT');
    expect((await campus.explain(id, 2)).limits.late_until).toBe(campus.at('10:20').toISOString());
    await campus.unset(stay);
  });

  it('case 23: a class over midnight belongs to the date of its start, and its lock counts from there', async () => {
    const window = await campus.set('MAX_CORRECTION_DAYS', '1');
    const id = await campus.hold({ start: '23:30', end: '00:30' });
    const { body } = await campus.server.get(`${API}/sessions/${id}/`);
    expect(body).toMatchObject({
      scheduled_date: campus.date(),
      start_at: campus.at('23:30').toISOString(),
      end_at: campus.at('00:30', 1).toISOString(),
    });
    await campus.advance('01:00', 1);
    await campus.server.db
      .knex('attendance_biometric_device')
      .update({ complete_through: campus.at('02:00', 1) });
    await campus.advance('23:59', 1);
    expect(await campus.status(id)).toBe('finalized');
    await campus.advance('00:00', 2);
    expect(await campus.status(id)).toBe('locked');
    await campus.unset(window);
  });
});

describe('holidays and cancelled classes', () => {
  const declare = (body: object) =>
    campus.server.as('coordinator').post(`${API}/holidays/`, { name: 'Bandh', date: campus.date(), ...body });

  it('case 6: declared at eleven, marks of the class before stay, and a class that is kept goes on', async () => {
    const before = await campus.hold({ start: '09:00', end: '09:50' });
    const kept = await campus.hold({ start: '10:30', end: '11:20' });
    const dropped = await campus.hold({ start: '11:30', end: '12:20' });
    await campus.tap('09:01');
    await campus.tap('10:31');
    await campus.allReported();
    await campus.advance('11:00');
    const { effect } = (await declare({ keep: [kept] })).body;
    expect(effect).toMatchObject({ cancelled: [dropped], not_held: [] });
    await campus.finish();
    for (const id of [before, kept, dropped]) {
      await campus.server.post(`${API}/sessions/${id}/recompute/`, { apply: true, reason: 'late news' });
    }
    expect([await campus.mark(before), await campus.mark(before, 1)]).toEqual([
      'present ON_TIME',
      'absent NO_CAPTURE',
    ]);
    expect(await campus.mark(kept)).toBe('present ON_TIME');
    expect(await campus.status(dropped)).toBe('cancelled');
  });

  it('case 6: a class is kept by its id however that is written', async () => {
    const kept = await campus.hold({ start: '10:30', end: '11:20' });
    const dropped = await campus.hold({ start: '11:30', end: '12:20' });
    const { effect } = (await declare({ keep: [kept.toUpperCase()] })).body;
    expect(effect.cancelled).toEqual([dropped]);
    expect(await campus.status(kept)).toBe('scheduled');
  });

  it('case 6: a holiday of some groups declared at eleven leaves their classes of the morning as they were', async () => {
    const before = await campus.hold({ start: '09:00', end: '09:50' });
    await campus.tap('09:01');
    await campus.allReported();
    await campus.advance('11:00');
    await declare({ scope: { section: 'cse-a' } });
    await campus.server.post(`${API}/sessions/${before}/recompute/`, { apply: true, reason: 'late news' });
    expect([await campus.mark(before), await campus.mark(before, 1)]).toEqual([
      'present ON_TIME',
      'absent NO_CAPTURE',
    ]);
    const refused = await declare({ name: 'Rain', scope: { section: 'cse-a' }, keep: [before] });
    expect(refused.body.code).toBe('REQUEST_INVALID');
  });

  it.each([
    ['the day', {}],
    ['the morning', { start_time: '08:00', end_time: '12:00' }],
  ])('case 8: a holiday of a batch for %s is one in the class of its section, too, as soon as it is declared', async (_name, part) => {
    const { knex } = campus.server.db;
    const id = await campus.hold();
    const { id: studentId } = await knex('student')
      .where({ roll_number: rollNumber(1) })
      .first('id');
    const during = `[${campus.date()},${campus.date(1)})`;
    await knex('section')
      .insert({ id: 'batch-1', name: 'batch-1', kind: 'batch', parent_id: 'cse-a' })
      .onConflict('id')
      .ignore();
    await knex('roster_membership').insert({
      section_id: 'batch-1',
      student_id: studentId,
      valid_during: during,
    });
    await campus.advance('10:10');
    expect([await campus.mark(id), await campus.mark(id, 1)]).toEqual([
      'pending NO_CAPTURE_YET',
      'pending NO_CAPTURE_YET',
    ]);
    expect((await declare({ name: 'Day of the batch', ...part, scope: { section: 'batch-1' } })).status).toBe(
      201,
    );
    await campus.server.judge();
    expect([await campus.mark(id), await campus.mark(id, 1)]).toEqual([
      'pending NO_CAPTURE_YET',
      'not_required ON_HOLIDAY',
    ]);
  });

  it('case 20: faculty and students of a class that is cancelled while it runs are told once', async () => {
    const { server } = campus;
    await server.tokenOf('faculty', { faculty: 'F001' });
    await server.tokenOf('student', { student: rollNumber(1) });
    const id = await campus.hold();
    await campus.advance('10:10');
    await server.post(`${API}/sessions/${id}/cancel/`, { reason: 'power cut' });
    const told = await server.db
      .knex('notification as n')
      .join('account as a', 'a.id', 'n.account_id')
      .where({ kind: 'session_cancelled', subject_id: id });
    expect(told.filter(({ faculty_code: code }) => code === 'F001')).toHaveLength(1);
    expect(told.some(({ student_id: student }) => student !== null)).toBe(true);
    expect(told[0].body).toMatchObject({ reason: 'power cut', course: 'CS301' });
  });
});

describe('a forgotten exit', () => {
  it('case 45: is assumed at the next capture elsewhere or at the end of the block, and after six hours a tap is a way in', async () => {
    const { knex } = campus.server.db;
    await knex('room').where({ id: 'r102' }).update({ capture_mode: 'alternating' });
    const first = await campus.hold({ room: 'r102' });
    const evening = await campus.hold({ room: 'r102', start: '16:10', end: '17:00' });
    await campus.tap('09:58', { device: 'c102' });
    // At another reader ten minutes after the start: gone from here by then.
    await campus.tap('10:08', { device: 'c101' });
    await campus.tap('09:58', { device: 'c102', student: 1 });
    await campus.tap('16:12', { device: 'c102', student: 1 });
    await campus.finish();
    const gone = await campus.explain(first);
    expect([gone.mark, gone.reason, gone.dwell_seconds]).toEqual(['absent', 'TOO_SHORT', 8 * 60]);
    const stayed = await campus.explain(first, 1);
    expect([stayed.mark, stayed.dwell_seconds]).toEqual(['present', 50 * 60]);
    expect(stayed.flags.map(({ flag }: Body) => flag)).toContain('EXIT_ASSUMED');
    expect(await campus.mark(evening, 1)).toBe('present ON_TIME');
    await knex('room').where({ id: 'r102' }).update({ capture_mode: 'entry' });
  });
});

describe('groups', () => {
  it('case 60: faculty let a student of the other batch in as a guest, whose own class of the course gets the mark', async () => {
    const { knex } = campus.server.db;
    await knex('section').insert([
      { id: 'b1', name: 'B1', kind: 'batch', parent_id: 'cse-a', department_id: 'cse' },
      { id: 'b2', name: 'B2', kind: 'batch', parent_id: 'cse-a', department_id: 'cse' },
    ]);
    const ids = await knex('student').orderBy('roll_number').limit(2).pluck('id');
    for (const [index, batch] of ['b1', 'b2'].entries()) {
      await knex('roster_membership').insert({
        section_id: batch,
        student_id: ids[index],
        valid_during: '[2026-07-01,)',
      });
    }
    const own = await campus.hold({ section: 'b1', sessionType: 'LAB' });
    const other = await campus.hold({ section: 'b2', sessionType: 'LAB', start: '14:00', end: '14:50' });
    const elsewhere = await campus.hold({ section: 'b1', course: 'CS302', start: '16:00', end: '16:50' });
    const guests = `${API}/sessions/${other}/guests/`;
    const guest = { student: rollNumber(0), counts_for_session_id: own, reason: 'missed the own batch' };
    const wrong = await campus.faculty.post(guests, { ...guest, counts_for_session_id: elsewhere });
    expect(wrong.body.code).toBe('REQUEST_INVALID');
    expect((await campus.student().post(guests, guest)).status).toBe(403);
    // First for a class of another hour, by mistake: that one is judged again when it is put right.
    const mistaken = await campus.hold({ section: 'b1', sessionType: 'LAB', start: '18:00', end: '18:50' });
    await campus.faculty.post(guests, { ...guest, counts_for_session_id: mistaken });
    await knex('judgement_todo').delete();
    expect((await campus.faculty.post(guests, guest)).status).toBe(200);
    const judged = await knex('judgement_todo').pluck('session_id');
    expect(new Set(judged)).toEqual(new Set([own, other, mistaken]));
    const changes = await knex('session_change')
      .where({ session_id: other, kind: 'groups' })
      .orderBy('requested_at');
    expect(changes.at(-1).before).toEqual({ guest: rollNumber(0), counts_for: mistaken });
    await campus.tap('14:01');
    await campus.tap('14:01', { student: 1 });
    await campus.finish();
    expect(await campus.mark(own)).toBe('present GUEST');
    expect(await campus.record(other)).toBeUndefined();
    expect(await campus.mark(other, 1)).toBe('present ON_TIME');
  });

  it('case 60: nobody is a guest in a class of their own, and whoever joins it later is none any more', async () => {
    const { knex } = campus.server.db;
    for (const id of ['b1', 'b2']) {
      await knex('section')
        .insert({ id, name: id, kind: 'batch', parent_id: 'cse-a', department_id: 'cse' })
        .onConflict('id')
        .ignore();
    }
    const student = await knex('student')
      .where({ roll_number: rollNumber(2) })
      .first('id');
    await knex('roster_membership').insert({
      section_id: 'b1',
      student_id: student.id,
      valid_during: '[2026-07-01,)',
    });
    const own = await campus.hold({ section: 'b1', sessionType: 'LAB' });
    const other = await campus.hold({ section: 'b2', sessionType: 'LAB', start: '14:00', end: '14:50' });
    const guest = { student: rollNumber(2), counts_for_session_id: own, reason: 'missed the own batch' };
    const letIn = (id: string) => campus.faculty.post(`${API}/sessions/${id}/guests/`, guest);
    const refused = await letIn(own);
    expect(refused.body).toMatchObject({ code: 'REQUEST_INVALID', detail: /on the roster of this class/ });
    expect(await knex('session_guest').where({ session_id: own })).toEqual([]);
    expect((await letIn(other)).status).toBe(200);
    await campus.tap('14:01', { student: 2 });
    await campus.finish();
    expect(await campus.mark(own, 2)).toBe('present GUEST');
    const joined = await campus.server.post(`${API}/roster-memberships/`, {
      section: 'b2',
      student: student.id,
      valid_from: campus.date(),
    });
    expect(joined.status).toBe(201);
    await campus.server.judge();
    // One tap is one presence: the class is their own now, and that of their batch was missed.
    expect([await campus.mark(own, 2), await campus.mark(other, 2)]).toEqual([
      'absent NO_CAPTURE',
      'present ON_TIME',
    ]);
    // A class that was locked before it marked them never will: the presence stays where it counted.
    await knex('attendance_record').where({ session_id: other, student_id: student.id }).delete();
    await knex('attendance_session').where({ id: other }).update({ status: 'locked' });
    await knex('judgement_todo').insert({ session_id: own, student_id: student.id });
    await campus.server.judge();
    expect(await campus.mark(own, 2)).toBe('present GUEST');
    // Two people unlock it: it marks them now, and the class of their batch is judged again without being asked for.
    const reason = { reason: 'the register of the lab turned up' };
    await head().post(`${API}/sessions/${other}/unlock/`, reason);
    const unlocked = await campus.server.as('principal').post(`${API}/sessions/${other}/unlock/`, reason);
    expect(unlocked.body.unlocked).toBe(true);
    await campus.server.judge();
    expect([await campus.mark(own, 2), await campus.mark(other, 2)]).toEqual([
      'absent NO_CAPTURE',
      'present ON_TIME',
    ]);
  });

  it('case 62: an open elective has the roster of the elective, and the registers of the sections agree with it', async () => {
    const { knex } = campus.server.db;
    await knex('section').insert([
      { id: 'ece-a', name: 'ECE-A', department_id: 'cse' },
      { id: 'ml', name: 'Machine Learning', kind: 'elective' },
    ]);
    const ids = await knex('student').orderBy('roll_number').limit(5).pluck('id');
    await knex('roster_membership').where({ student_id: ids[4] }).update({ section_id: 'ece-a' });
    for (const student of [ids[0], ids[4]]) {
      await knex('roster_membership').insert({
        section_id: 'ml',
        student_id: student,
        valid_during: '[2026-07-01,)',
      });
    }
    const id = await campus.hold({ section: 'ml' });
    await campus.tap('10:01', { student: 4 });
    await campus.finish();
    const register = await campus.server.results(`${API}/sessions/${id}/records/`);
    expect(register.map(({ student, mark }) => [student.roll_number, mark])).toEqual([
      [rollNumber(0), 'absent'],
      [rollNumber(4), 'present'],
    ]);
    // The same two marks, asked for by student.
    for (const { id: record, student } of register) {
      const own = await campus.server.results(`${API}/records/?student=${student.roll_number}&limit=100`);
      expect(own.map((one) => one.id)).toContain(record);
    }
    await knex('roster_membership')
      .where({ student_id: ids[4], section_id: 'ece-a' })
      .update({ section_id: 'cse-a' });
  });
});

describe('a blended class', () => {
  const stay = (student: number, from: string, until: string) => ({
    student_id: rollNumber(student),
    joined_at: campus.at(from).toISOString(),
    left_at: campus.at(until).toISOString(),
  });

  it('case 74: presence online is evidence of its own kind, judged by its share of the class', async () => {
    const half = await campus.set('MIN_DURATION_FOR_PRESENT_PERCENT', '50');
    const id = await campus.hold();
    await campus.advance('10:00');
    await campus.tap('10:02', { student: 3 });
    const report = {
      tool: 'bigbluebutton',
      stays: [
        // Twice in the meeting, twenty-five minutes of fifty together.
        stay(0, '09:58', '10:15'),
        stay(0, '10:30', '10:40'),
        stay(1, '10:01', '10:25'),
        stay(2, '10:07', '10:50'),
        { ...stay(2, '10:07', '10:50'), student_id: 'NOBODY' },
        stay(4, '10:30', '10:20'),
      ],
    };
    const send = async () =>
      (await campus.faculty.post(`${API}/sessions/${id}/online-presence/`, report)).body;
    expect(await send()).toEqual({
      stored: 8,
      problems: [
        { index: 4, code: 'NOT_ON_ROSTER' },
        { index: 5, code: 'TIME_REVERSED' },
      ],
    });
    expect((await send()).stored).toBe(0);
    await campus.finish();
    expect(await Promise.all([0, 1, 2, 3, 4].map((student) => campus.mark(id, student)))).toEqual([
      'present ON_TIME',
      'absent TOO_SHORT',
      'late LATE',
      'present ON_TIME',
      'absent NO_CAPTURE',
    ]);
    expect(await campus.record(id, 0)).toMatchObject({ source: 'import' });
    const { evidence, dwell_seconds: dwell } = await campus.explain(id, 0);
    expect([evidence[0].kind, evidence[0].device_id, dwell]).toEqual(['online', 'bigbluebutton', 25 * 60]);
    await campus.unset(half);
  });

  it('case 74: a card in the room proves more than the meeting, and being in both is no travel', async () => {
    const id = await campus.hold();
    await campus.advance('10:00');
    await campus.tap('10:03');
    const report = { tool: 'jitsi', stays: [stay(0, '10:01', '10:50')] };
    await campus.faculty.post(`${API}/sessions/${id}/online-presence/`, report);
    await campus.finish();
    expect(await campus.record(id)).toMatchObject({
      mark: 'present',
      source: 'rfid',
      marked_at: campus.at('10:01').toISOString(),
    });
  });

  it('case 74: is for those who may mark the class, while it may be marked', async () => {
    const id = await campus.hold();
    const path = `${API}/sessions/${id}/online-presence/`;
    const report = { tool: 'jitsi', stays: [stay(0, '05:00', '05:50')] };
    expect((await campus.student().post(path, report)).status).toBe(403);
    expect((await campus.faculty.post(path, report)).body.code).toBe('SESSION_NOT_OPEN');
    expect((await campus.faculty.post(path, { ...report, tool: "x'; --" })).status).toBe(400);
    expect((await campus.faculty.post(path, { ...report, stays: [] })).status).toBe(400);
  });
});

describe('codes on the screen', () => {
  it('case 100: a relay cannot be told from a scan in the room: unverified scans and the headcount show it', async () => {
    const id = await campus.showCode();
    const { body } = await campus.screen(id);
    for (const index of [0, 1]) {
      const scan = { qr_token: body.qr_token, device_id: `phone-of-${index}` };
      const answer = await campus.student(index).post(`${API}/records/qr-scan/`, scan);
      expect(answer.body).toMatchObject({ mark: 'present', is_verified: false });
    }
    expect((await campus.screen(id)).body).toMatchObject({ present_count: 2, unverified_count: 2 });
    await campus.faculty.post(`${API}/sessions/${id}/headcount/`, { headcount: 1 });
    const summary = (await campus.faculty.get(`${API}/sessions/${id}/summary/`)).body;
    expect([summary.present, summary.headcount]).toEqual([2, 1]);
    expect((await campus.explain(id)).flags).toMatchObject([{ flag: 'UNVERIFIED' }]);
  });

  const drawOf = async (id: string): Promise<string[]> => {
    const { body } = await campus.faculty.get(`${API}/sessions/${id}/verification-draw/`);
    return body.students.map(({ student }: Body) => student.roll_number);
  };

  it('case 99: from anywhere, where no place is asked for: unverified, and drawn for a look in the next class', async () => {
    // Days in which nobody was doubted.
    for (let day = 0; day < 8; day += 1) await campus.nextDay();
    const id = await campus.showCode();
    expect(await campus.scan((await campus.screen(id)).body.qr_token)).toBe('recorded');
    await campus.tap('10:01', { student: 3 });
    await campus.finish();
    await campus.nextDay();
    const next = await campus.hold();
    expect(await drawOf(next)).toEqual([rollNumber(0)]);
    // Seen by a reader there: no question any more in the one after.
    const after = await campus.hold({ start: '14:00', end: '14:50' });
    await campus.tap('10:01');
    await campus.finish();
    expect(await drawOf(after)).toEqual([]);
    expect((await campus.student().get(`${API}/sessions/${next}/verification-draw/`)).status).toBe(403);
  });

  it('case 52: two cards in two buildings: present, unverified, and drawn in the next class', async () => {
    const id = await campus.hold();
    await campus.tap('10:02', { student: 1 });
    await campus.tap('10:03', { device: 'c205', student: 1 });
    await campus.finish();
    expect((await campus.explain(id, 1)).flags.map(({ flag }: Body) => flag)).toContain('UNVERIFIED');
    await campus.nextDay();
    expect(await drawOf(await campus.hold())).toContain(rollNumber(1));
  });

  it('case 108: everybody behind one address scans; the network of the campus verifies and refuses nobody', async () => {
    const { knex } = campus.server.db;
    const network = await campus.set('CAMPUS_NETWORKS', '127.0.0.1/32');
    const id = await campus.showCode();
    const { body } = await campus.screen(id);
    const answers = await Promise.all(
      [0, 1, 2, 3, 4].map((index) =>
        campus.student(index).post(`${API}/records/qr-scan/`, {
          qr_token: body.qr_token,
          device_id: `phone-of-${index}`,
        }),
      ),
    );
    expect(answers.map(({ status, body: scanned }) => [status, scanned.is_verified])).toEqual(
      Array(5).fill([200, true]),
    );
    const scans = await knex('qr_scan').where({ session_id: id });
    expect(new Set(scans.map(({ ip_address: ip }) => ip)).size).toBe(1);
    expect(scans.every(({ on_campus_network: isThere }) => isThere)).toBe(true);
    await campus.unset(network);
  });

  it('case 102: a refusal offers nothing else: no other class is named', async () => {
    const later = await campus.hold({ start: '15:00', end: '15:50' });
    const id = await campus.showCode();
    const { body } = await campus.screen(id);
    await campus.server.post(`${API}/sessions/${id}/cancel/`, { reason: 'nobody here' });
    const answer = await campus.student().post(`${API}/records/qr-scan/`, {
      qr_token: body.qr_token,
      device_id: 'phone-of-0',
    });
    expect(answer.body.code).toBe('SESSION_CANCELLED');
    expect(JSON.stringify(answer.body)).not.toContain(later);
    expect(JSON.stringify(answer.body)).not.toContain('15:');
  });
});
