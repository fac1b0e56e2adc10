import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { queuePairs, queueSessions, queueStudent } from './queue.js';
import { RuleCampus } from './rule-campus.js';

let campus: RuleCampus;
beforeAll(async () => {
  campus = await RuleCampus.open();
});
afterAll(() => campus?.close());
beforeEach(() => campus.nextDay());

const S1 = { from: '10:00', until: '10:50' };
const S2 = { from: '10:50', until: '11:40' };

describe('present, late, absent', () => {
  it.each([
    ['10:05:00.000', 'present ON_TIME'],
    ['10:05:00.001', 'late LATE'],
    ['10:20:00.000', 'late LATE'],
    ['10:20:01.000', 'absent ARRIVED_AFTER_CUTOFF'],
  ])('case 26: a tap at %s is %s', async (time, mark) => {
    const session = await campus.hold(S1);
    await campus.tap(time);
    expect(await campus.mark(session)).toBe(mark);
    expect((await campus.record(session)).derivation.used).toHaveLength(1);
  });

  it('case 27: a tap before the window counts for who is still there at the start, by policy', async () => {
    const session = await campus.hold(S1);
    await campus.tap('09:49:59');
    expect(await campus.mark(session)).toBe('present CARRIED_EARLY');
    await campus.tap('09:55:00', { device: 'gate1' });
    expect(await campus.mark(session)).toBe('absent NO_CAPTURE');
    campus.nextDay();
    const strict = await campus.hold({ ...S1, policy: { carry_early: false } });
    await campus.tap('09:49:59');
    expect(await campus.mark(strict)).toBe('absent NO_CAPTURE');
  });

  it('case 28: an on-time finger is not downgraded by a later card', async () => {
    const session = await campus.hold(S1);
    await campus.tap('10:02', { device: 'f101', kind: 'finger' });
    await campus.tap('10:09');
    const record = await campus.record(session);
    expect([record.mark, record.marked_at]).toEqual(['present', campus.at('10:02')]);
  });

  it('case 29: an earlier capture that comes late improves the mark, and the student is told once', async () => {
    const { knex } = campus.db;
    const session = await campus.hold(S1);
    const [account] = await knex('account')
      .insert({ login: 's0', display_name: 'S0', student_id: await campus.studentId() })
      .returning('id');
    await campus.tap('10:07');
    expect(await campus.mark(session)).toBe('late LATE');
    await campus.tap('10:03', { device: 'f101', kind: 'finger' });
    expect(await campus.mark(session)).toBe('present ON_TIME');
    await campus.tap('10:01');
    await campus.judge();
    const told = await knex('notification').where({ account_id: account.id, kind: 'mark_improved' });
    expect(told.map(({ body }) => [body.from, body.to])).toEqual([['late', 'present']]);
  });

  it('cases 30, 136: a person stands against a finger, the conflict is listed, a correction outranks both', async () => {
    const session = await campus.hold(S1);
    await campus.tap('10:02', { device: 'f101', kind: 'finger' });
    await campus.decide(session, 'explicit', 'absent');
    expect(await campus.mark(session)).toBe('absent DECIDED_BY_HUMAN');
    expect(await campus.exceptions(session)).toEqual(['EVIDENCE_CONFLICT']);
    await campus.decide(session, 'correction', 'present');
    expect(await campus.mark(session)).toBe('present CORRECTED');
  });

  it('case 31: a buffered finger wins over "mark rest absent"', async () => {
    const session = await campus.hold({ ...S1, status: 'open' });
    await campus.decide(session, 'bulk', 'absent');
    expect(await campus.mark(session)).toBe('absent DECIDED_IN_BULK');
    await campus.tap('10:04', { device: 'f101', kind: 'finger' });
    expect(await campus.mark(session)).toBe('present ON_TIME');
  });

  it('cases 34, 36: inside for less than ten minutes is absent, ten are enough, late and too short list both', async () => {
    const session = await campus.hold({ ...S1, room: 'r103' });
    for (const student of [0, 1]) await campus.tap('09:58', { student, device: 'in103' });
    await campus.tap('10:07', { student: 2, device: 'in103' });
    await campus.tap('10:08', { student: 0, device: 'out103' });
    await campus.tap('10:10', { student: 1, device: 'out103' });
    await campus.tap('10:12', { student: 2, device: 'out103' });
    expect(await campus.mark(session, 0)).toBe('absent TOO_SHORT');
    expect(await campus.mark(session, 1)).toBe('present ON_TIME');
    const both = await campus.record(session, 2);
    expect([both.reason, both.derivation.also]).toEqual(['TOO_SHORT', ['LATE']]);
    const stays = await campus.db.knex('presence_interval').where({ session_id: session }).orderBy('left_at');
    expect(stays.map(({ left_at }) => left_at)).toEqual(['10:08', '10:10', '10:12'].map((t) => campus.at(t)));
  });

  it('case 35: half of a lab of 150 minutes is 75:00', async () => {
    const policy = { min_duration_for_present_percent: 50 };
    const session = await campus.hold({ from: '14:00', until: '16:30', room: 'r103', policy });
    for (const student of [0, 1]) await campus.tap('13:59', { student, device: 'in103' });
    await campus.tap('15:14:59', { student: 0, device: 'out103' });
    await campus.tap('15:15:00', { student: 1, device: 'out103' });
    expect([await campus.mark(session, 0), await campus.mark(session, 1)]).toEqual([
      'absent TOO_SHORT',
      'present ON_TIME',
    ]);
  });

  it('cases 37, 41, 121, 122: leave excuses who did not attend and nobody else', async () => {
    const { knex } = campus.db;
    const session = await campus.hold(S1);
    for (const student of [0, 1, 2]) {
      await knex('attendance_leave_application').insert({
        student_id: await campus.studentId(student),
        leave_type: 'medical',
        start_date: campus.date(),
        end_date: campus.date(),
        status: 'approved',
        applied_at: new Date(),
      });
    }
    await campus.tap('10:02', { student: 1 });
    await campus.tap('10:30', { student: 2 });
    await queueSessions(knex, [session]);
    expect(await campus.mark(session, 0)).toBe('excused ON_LEAVE');
    expect(await campus.mark(session, 1)).toBe('present ON_TIME');
    expect(await campus.mark(session, 2)).toBe('excused ON_LEAVE');
    await knex('attendance_leave_application').update({ status: 'cancelled' });
    await queueStudent(knex, await campus.studentId(0), { from: campus.date(), until: campus.date() });
    expect(await campus.mark(session, 0)).toBe('absent NO_CAPTURE');
  });

  it('case 124: leave for part of a day covers the classes that start within it', async () => {
    const [first, second] = [await campus.hold(S1), await campus.hold(S2)];
    await campus.db.knex('attendance_leave_application').insert({
      student_id: await campus.studentId(),
      leave_type: 'personal',
      start_date: campus.date(),
      end_date: campus.date(),
      start_time: '10:00',
      end_time: '10:50',
      status: 'approved',
      applied_at: new Date(),
    });
    expect([await campus.mark(first), await campus.mark(second)]).toEqual([
      'excused ON_LEAVE',
      'absent NO_CAPTURE',
    ]);
  });

  it('cases 38, 39: who left the roster yesterday is listed, and coming back replays what was captured', async () => {
    const { knex } = campus.db;
    const studentId = await campus.studentId(5);
    const member = { student_id: studentId, section_id: 'cse-a' };
    await knex('roster_membership')
      .where(member)
      .update({ valid_during: `[2026-07-01,${campus.date()})` });
    const session = await campus.hold(S1);
    await campus.tap('10:01', { student: 5 });
    expect(await campus.mark(session, 5)).toBeUndefined();
    expect(await campus.exceptions(session)).toEqual(['NOT_ON_ROSTER']);
    await knex('roster_membership').where(member).update({ valid_during: '[2026-07-01,)' });
    await queueStudent(knex, studentId, { from: campus.date(-1), until: null });
    expect(await campus.mark(session, 5)).toBe('present ON_TIME');
  });

  it('case 40: suspension is absent and medical withdrawal not required, by date', async () => {
    const { knex } = campus.db;
    const during = `[${campus.date()},${campus.date(1)})`;
    const period = async (student: number, status: string) =>
      knex('student_status_period').insert({
        student_id: await campus.studentId(student),
        status,
        valid_during: during,
      });
    await period(0, 'suspended_disciplinary');
    await period(1, 'withdrawn_medical');
    const session = await campus.hold(S1);
    await campus.tap('10:01');
    expect([await campus.mark(session, 0), await campus.mark(session, 1)]).toEqual([
      'absent SUSPENDED',
      'not_required WITHDRAWN',
    ]);
    const next = await campus.hold({ ...S1, daysLater: 1 });
    expect(await campus.mark(next, 1)).toBe('absent NO_CAPTURE');
    await knex('student_status_period').delete();
  });

  it('case 8: a holiday of one year asks its students for nothing in a class of two', async () => {
    const { knex } = campus.db;
    await campus.join('cse-b', 4, `[${campus.date()},${campus.date(1)})`);
    await knex('roster_membership')
      .where({ student_id: await campus.studentId(4), section_id: 'cse-a' })
      .update({ valid_during: `[2026-07-01,${campus.date()})` });
    await knex('attendance_holiday').insert({
      campus_id: 'main',
      name: 'Orientation',
      date: campus.date(),
      scope_year_of_study: 1,
    });
    const session = await campus.hold({ ...S1, groups: ['cse-b'] });
    expect([await campus.mark(session, 0), await campus.mark(session, 4)]).toEqual([
      'not_required ON_HOLIDAY',
      'absent NO_CAPTURE',
    ]);
    await knex('roster_membership')
      .where({ student_id: await campus.studentId(4), section_id: 'cse-a' })
      .update({ valid_during: '[2026-07-01,)' });
  });
});

describe('in and out, back to back, two rooms', () => {
  it('cases 43, 44, 45: at a single reader taps alternate, repetitions do not, and the next day begins anew', async () => {
    const [first, second] = [
      await campus.hold({ ...S1, room: 'r104' }),
      await campus.hold({ ...S2, room: 'r104' }),
    ];
    for (const time of ['09:58:00', '09:58:01', '09:58:03']) await campus.tap(time, { device: 'c104' });
    expect(await campus.mark(first)).toBe('present ON_TIME');
    expect(await campus.ignored(first)).toEqual(['DEBOUNCED', 'DEBOUNCED']);
    expect((await campus.record(first)).derivation.flags).toEqual(['EXIT_ASSUMED']);
    await campus.tap('10:50:00', { device: 'c104' });
    expect([await campus.mark(first), await campus.mark(second)]).toEqual([
      'present ON_TIME',
      'absent NO_CAPTURE',
    ]);
    // Forgotten on the way out: nobody is inside over night.
    await campus.tap('15:00:00', { device: 'c104', student: 1 });
    campus.nextDay();
    const next = await campus.hold({ ...S1, room: 'r104' });
    await campus.tap('09:59', { device: 'c104', student: 1 });
    expect(await campus.mark(next, 1)).toBe('present ON_TIME');
  });

  it('case 46: out and in again at the same second is a stay without a gap', async () => {
    const session = await campus.hold({ ...S1, room: 'r103' });
    await campus.tap('09:58', { device: 'in103' });
    await campus.tap('10:05', { device: 'out103' });
    await campus.tap('10:05', { device: 'in103' });
    expect((await campus.record(session)).derivation.dwell_seconds).toBe(50 * 60);
  });

  it('case 47: one entry for two classes back to back; or pending until a capture or a confirmation', async () => {
    const [, second] = [await campus.hold(S1), await campus.hold(S2)];
    await campus.tap('09:58');
    expect(await campus.mark(second)).toBe('present CARRIED');
    campus.nextDay();
    const policy = { capture_per_period: true };
    const [, strict] = [await campus.hold({ ...S1, policy }), await campus.hold({ ...S2, policy })];
    await campus.tap('09:58');
    expect(await campus.mark(strict)).toBe('pending CAPTURE_PER_PERIOD');
    await campus.decide(strict, 'confirm', 'present');
    expect(await campus.mark(strict)).toBe('present CONFIRMED');
  });

  it('case 48: who stays in the room of another section is nobody there, and no error', async () => {
    const [first, other] = [await campus.hold(S1), await campus.hold({ ...S2, group: 'cse-b' })];
    await campus.tap('09:58');
    await campus.tap('10:52');
    expect(await campus.mark(first)).toBe('present ON_TIME');
    expect(await campus.mark(other)).toBeUndefined();
    expect(await campus.exceptions(other)).toEqual([]);
  });

  it('cases 49, 50: a capture at 10:49 is too late for one class and the arrival for the next', async () => {
    const [first, second] = [await campus.hold(S1), await campus.hold(S2)];
    await campus.tap('10:49');
    expect([await campus.mark(first), await campus.mark(second)]).toEqual([
      'absent ARRIVED_AFTER_CUTOFF',
      'present ON_TIME',
    ]);
  });

  it('case 51: of two buildings in a minute the finger stands, the card is flagged, its owner and the technician told', async () => {
    const { knex } = campus.db;
    const account = async (login: string, studentId?: string): Promise<string> => {
      // Other cases of this campus have signed students in, too.
      if (studentId !== undefined)
        await knex('account').where({ student_id: studentId }).update({ student_id: null });
      const [made] = await knex('account')
        .insert({ login, display_name: login, student_id: studentId })
        .returning('id');
      return made.id;
    };
    const owner = await account('owner', await campus.studentId());
    await account('classmate', await campus.studentId(1));
    const [technician, former] = [await account('technician'), await account('former-technician')];
    const role = { role: 'lab_technician', valid_from: new Date(0) };
    await knex('account_role').insert([
      { ...role, account_id: technician },
      { ...role, account_id: former, valid_to: campus.at('09:00', -1) },
    ]);
    const session = await campus.hold(S1);
    await campus.tap('10:02', { device: 'f101', kind: 'finger' });
    await campus.tap('10:03', { device: 'c205' });
    expect(await campus.mark(session)).toBe('present ON_TIME');
    expect(await campus.ignored(session)).toEqual(['IMPOSSIBLE_TRAVEL']);
    expect(await campus.exceptions(session)).toEqual(['IMPOSSIBLE_TRAVEL']);
    const told = await knex('notification').where({ kind: 'impossible_travel' }).pluck('account_id');
    expect(told.toSorted()).toEqual([owner, technician].toSorted());
  });

  it('case 52: of two cards both are in doubt: present, unverified', async () => {
    const session = await campus.hold(S1);
    await campus.tap('10:02');
    await campus.tap('10:03', { device: 'c205' });
    const record = await campus.record(session);
    expect([record.mark, record.derivation.flags]).toEqual(['present', ['CARD_ONLY', 'UNVERIFIED']]);
    expect(await campus.exceptions(session)).toEqual(['IMPOSSIBLE_TRAVEL']);
  });

  it('case 53: of two classes at once the first capture decides, the other shows the clash', async () => {
    await campus.join('elective', 3);
    const here = await campus.hold(S1);
    const there = await campus.hold({ ...S1, room: 'r102', group: 'elective', course: 'CS302' });
    await campus.tap('10:01', { student: 3, device: 'c102' });
    expect([await campus.mark(here, 3), await campus.mark(there, 3)]).toEqual([
      'pending CLASH',
      'present ON_TIME',
    ]);
    expect(await campus.exceptions(here)).toEqual(['CLASH']);
    await campus.tap('09:55', { student: 3 });
    expect([await campus.mark(here, 3), await campus.mark(there, 3)]).toEqual([
      'present ON_TIME',
      'pending CLASH',
    ]);
  });

  it('case 53: a scan is of the class whose code it is, and the other shows the clash, whichever was made first', async () => {
    await campus.join('elective', 3, `[${campus.date(40)},${campus.date(44)})`);
    // Ids are random: of several pairs some have the lower one here and some there.
    for (const daysLater of [40, 41, 42, 43]) {
      const here = await campus.hold({ ...S1, daysLater, status: 'finalized' });
      const there = await campus.hold({
        ...S1,
        daysLater,
        room: 'r102',
        group: 'elective',
        course: 'CS302',
        status: 'finalized',
      });
      const [scanned, other] = daysLater % 2 === 0 ? [here, there] : [there, here];
      const studentId = await campus.studentId(3);
      await campus.db.knex('qr_scan').insert({
        session_id: scanned,
        student_id: studentId,
        scanned_at: campus.at('10:01', daysLater),
        outcome: 'accepted',
        code: '',
        device_hash: Buffer.alloc(32, daysLater),
      });
      await queuePairs(campus.db.knex, [{ sessionId: scanned, studentId }]);
      expect([await campus.mark(scanned, 3), await campus.mark(other, 3)]).toEqual([
        'present ON_TIME',
        'pending CLASH',
      ]);
    }
  });

  it.each([
    ['case 54: another class room', 'c102', 'WRONG_ROOM'],
    ['case 55: the main gate', 'gate1', 'PRESENCE_ONLY'],
    ['case 56: a library', 'library1', 'PRESENCE_ONLY'],
    ['case 56: a hostel', 'hostel1', 'PRESENCE_ONLY'],
  ])('%s is evidence and no mark', async (_name, device, why) => {
    const session = await campus.hold(S1);
    await campus.tap('10:01', { device });
    expect(await campus.mark(session)).toBe('absent NO_CAPTURE');
    expect(await campus.ignored(session)).toEqual([why]);
  });
});

describe('rooms, labs, groups', () => {
  it('case 79: a stay that was measured where no exits are is gone once nothing is asked of the student', async () => {
    const session = await campus.hold({ ...S1, policy: { suspended_mark: 'not_required' } });
    await campus.tap('10:01');
    await campus.tap('10:30', { out: true });
    const stays = () => campus.db.knex('presence_interval').where({ session_id: session });
    expect((await campus.record(session)).mark).toBe('present');
    expect(await stays()).toHaveLength(1);
    const studentId = await campus.studentId(0);
    await campus.db.knex('student_status_period').insert({
      student_id: studentId,
      status: 'suspended_disciplinary',
      valid_during: `[${campus.date()},${campus.date()}]`,
    });
    await queuePairs(campus.db.knex, [{ sessionId: session, studentId }]);
    expect((await campus.record(session)).reason).toBe('SUSPENDED');
    expect(await stays()).toEqual([]);
  });

  it('cases 57, 58: after a room change the new room counts, the old one redirects', async () => {
    const { knex } = campus.db;
    const session = await campus.hold(S1);
    const moved = campus.at('09:54');
    await knex('session_room')
      .where({ session_id: session })
      .update({ valid_during: `(,${moved.toISOString()})` });
    await knex('session_room').insert({
      session_id: session,
      room_id: 'r202',
      valid_during: `[${moved.toISOString()},)`,
    });
    await campus.tap('09:53', { student: 0 });
    await campus.tap('10:03', { student: 0, device: 'c202' });
    await campus.tap('09:53', { student: 1 });
    await campus.tap('10:04', { student: 2 });
    await campus.tap('10:06', { student: 3, device: 'c202' });
    expect((await campus.record(session, 0)).marked_at).toEqual(campus.at('09:53'));
    expect([await campus.mark(session, 1), await campus.ignored(session, 1)]).toEqual([
      'absent NO_CAPTURE',
      ['REDIRECTED'],
    ]);
    expect([await campus.mark(session, 2), await campus.ignored(session, 2)]).toEqual([
      'absent NO_CAPTURE',
      ['ROOM_MOVED'],
    ]);
    expect(await campus.mark(session, 3)).toBe('late LATE');
  });

  it('case 59: leaving a lab of three periods in the second gives one or two of three, by policy', async () => {
    const lab = { from: '14:00', until: '16:30', room: 'r103', type: 'LAB', periods: 3 } as const;
    const session = await campus.hold({ ...lab, policy: { partial_periods: true } });
    for (const student of [0, 1, 2]) await campus.tap('13:58', { student, device: 'in103' });
    await campus.tap('15:10', { student: 0, device: 'out103' });
    await campus.tap('15:20', { student: 1, device: 'out103' });
    const attended = async (student: number) => (await campus.record(session, student)).attended_periods;
    expect([await attended(0), await attended(1), await attended(2)]).toEqual([1, 2, 3]);
  });

  it("case 60: a guest in the other batch's lab has attended the own one; without leave it is NOT_ON_ROSTER", async () => {
    await campus.join('b1', 0, `[${campus.date()},${campus.date(7)})`);
    await campus.join('b1', 1, `[${campus.date()},${campus.date(7)})`);
    const own = await campus.hold({ from: '14:00', until: '16:30', group: 'b1' });
    const other = await campus.hold({ from: '17:00', until: '19:00', group: 'b2' });
    await campus.tap('17:01', { student: 1 });
    expect(await campus.exceptions(other)).toEqual(['NOT_ON_ROSTER']);
    await campus.db.knex('session_guest').insert({
      session_id: other,
      student_id: await campus.studentId(0),
      counts_for_session_id: own,
    });
    await campus.tap('17:02', { student: 0 });
    expect([await campus.mark(own, 0), await campus.mark(own, 1)]).toEqual([
      'present GUEST',
      'absent NO_CAPTURE',
    ]);
    expect(await campus.mark(other, 0)).toBeUndefined();
  });

  it('cases 61, 62, 63: rosters are those of the date, of any group, and a combined class has two', async () => {
    await campus.join('cse-b', 2);
    await campus.db
      .knex('roster_membership')
      .where({ student_id: await campus.studentId(2), section_id: 'cse-a' })
      .update({ valid_during: `[2026-07-01,${campus.date()})` });
    const combined = await campus.hold({ ...S1, groups: ['cse-b'] });
    const alone = await campus.hold({ ...S2, group: 'cse-b', room: 'r102' });
    await campus.tap('10:01', { student: 2 });
    await campus.tap('10:01', { student: 0 });
    expect([await campus.mark(combined, 0), await campus.mark(combined, 2)]).toEqual([
      'present ON_TIME',
      'present ON_TIME',
    ]);
    expect([await campus.mark(alone, 0), await campus.mark(alone, 2)]).toEqual([
      undefined,
      'absent NO_CAPTURE',
    ]);
    await campus.db
      .knex('roster_membership')
      .where({ student_id: await campus.studentId(2), section_id: 'cse-a' })
      .update({ valid_during: '[2026-07-01,)' });
  });

  it("case 64: in a class of two rooms either room's reader counts", async () => {
    const session = await campus.hold({ ...S1, rooms: ['r102'] });
    await campus.tap('10:01', { student: 0 });
    await campus.tap('10:01', { student: 1, device: 'c102' });
    expect([await campus.mark(session, 0), await campus.mark(session, 1)]).toEqual([
      'present ON_TIME',
      'present ON_TIME',
    ]);
  });

  it('case 112: two cards within two seconds are card only, and five such classes a pattern', async () => {
    const sessions: string[] = [];
    for (let day = 0; day < 5; day += 1) {
      campus.nextDay();
      sessions.push(await campus.hold(S1));
      await campus.tap('10:00:00', { student: 0 });
      await campus.tap('10:00:02', { student: 1 });
      expect((await campus.record(sessions.at(-1) ?? '', 1)).derivation.flags).toEqual(['CARD_ONLY']);
    }
    expect(await campus.exceptions(sessions[3] ?? '')).toEqual([]);
    expect(await campus.exceptions(sessions[4] ?? '')).toEqual(['CARDS_TOGETHER']);
  });

  it('case 113: where card and finger are asked for, a card alone is pending until finger or confirmation', async () => {
    const session = await campus.hold({ ...S1, policy: { card_and_finger: true } });
    await campus.tap('10:01', { student: 0 });
    await campus.tap('10:02', { student: 1 });
    expect(await campus.mark(session, 0)).toBe('pending FINGER_NEEDED');
    await campus.tap('10:09', { student: 0, device: 'f101', kind: 'finger' });
    await campus.decide(session, 'confirm', 'present', 1);
    expect(await campus.record(session, 0)).toMatchObject({
      mark: 'present',
      marked_at: campus.at('10:01'),
      source: 'biometric',
    });
    expect(await campus.mark(session, 1)).toBe('present CONFIRMED');
  });

  it('a scan of the code is a capture, and an unverified one is marked as such', async () => {
    const session = await campus.hold(S1);
    for (const [student, outcome] of [
      ['0', 'accepted'],
      ['1', 'unverified'],
      ['2', 'refused'],
    ] as const) {
      const scan = { session_id: session, scanned_at: campus.at('10:02'), outcome };
      await campus.db
        .knex('qr_scan')
        .insert({ ...scan, student_id: await campus.studentId(Number(student)) });
    }
    await queueSessions(campus.db.knex, [session]);
    expect(await campus.record(session, 0)).toMatchObject({ mark: 'present', source: 'qr' });
    expect((await campus.record(session, 1)).derivation.flags).toContain('UNVERIFIED');
    expect(await campus.mark(session, 2)).toBe('absent NO_CAPTURE');
  });
});
