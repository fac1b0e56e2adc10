import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PERMISSIONS, type Permission } from '../auth/permissions.js';
import { API, at, type Body, TestServer } from '../http/test-server.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';
import { advanceSessions } from './advance.js';

/** Defects of the seed's own code (domain A10) that no other test of this central names. */
let server: TestServer;
let week = 0;
let day = '';
const on = (time: string): Date => new Date(`${day}T${time}+05:30`);
const advanceAt = async (time: string): Promise<void> => {
  server.clock.stepWall(on(time).getTime() - server.clock.wallMs());
  await advanceSessions(server.db.knex, server.clock.wallMs());
  await server.judge();
};

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server?.stop());
/** Each test has its own Tuesday with both reference classes. */
beforeEach(async () => {
  week += 1;
  day = new Date(at('12:00').getTime() + week * 7 * 86_400_000).toISOString().slice(0, 10);
  await server.db.knex.raw(
    `INSERT INTO attendance_session (timetable_slot_id, academic_period_id, section_id, course_code, faculty_code, room_id,
       scheduled_date, start_at, end_at, policy, reach_from, reach_until)
     SELECT timetable_slot_id, academic_period_id, section_id, course_code, faculty_code, room_id, ?::date,
       start_at + ? * interval '7 days', end_at + ? * interval '7 days', policy, reach_from + ? * interval '7 days',
       reach_until + ? * interval '7 days'
     FROM attendance_session WHERE scheduled_date = '2026-07-07'`,
    [day, week, week, week, week],
  );
  server.clock.stepWall(on('06:00').getTime() - server.clock.wallMs());
  await server.db.knex('attendance_biometric_device').update({ complete_through: null });
});

async function session(course = 'CS301'): Promise<Body> {
  return (await server.results(`${API}/sessions/?scheduled_date=${day}&course=${course}`))[0];
}
async function marks(course = 'CS301'): Promise<Record<string, string>> {
  const { id } = await session(course);
  const records = await server.results(`${API}/sessions/${id}/records/`);
  return Object.fromEntries(records.map(({ student, mark }) => [student.roll_number.slice(-1), mark]));
}
const faculty = () => server.as('faculty', { faculty: 'F001' });

describe('the life of a class', () => {
  it('A10.4: a scheduler that was away over the start opens the class when it is back, and no tap is lost', async () => {
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(0), at: on('10:01') }]);
    await advanceAt('10:30');
    expect((await session()).status).toBe('open');
    expect((await marks())['1']).toBe('present');
  });

  it('A10.5: making a class makes nobody absent, and before it is final nobody is', async () => {
    const { id } = await session('CS302');
    expect(await server.db.knex('attendance_record').where({ session_id: id })).toEqual([]);
    await advanceAt('09:55');
    await advanceAt('10:56');
    expect(new Set(Object.values(await marks()))).toEqual(new Set(['pending']));
  });

  it('A10.34: the roster is kept as it is at opening, not as it was when the class was made', async () => {
    const { id } = await session();
    const snapshot = () => server.db.knex('attendance_student_snapshot').where({ session_id: id });
    expect(await snapshot()).toEqual([]);
    const [late] = await server.db
      .knex('student')
      .insert({ roll_number: `LATE-${week}`, full_name: 'Joined last week' })
      .returning('id');
    await server.db.knex.raw(
      "INSERT INTO roster_membership (section_id, student_id, valid_during) VALUES ('cse-a', ?::uuid, daterange(?::date, ?::date))",
      [late.id, day, new Date(on('12:00').getTime() + 86_400_000).toISOString().slice(0, 10)],
    );
    await advanceAt('09:55');
    expect((await snapshot()).map(({ roll_number }: Body) => roll_number)).toContain(`LATE-${week}`);
  });

  it.each([
    'by itself',
    'by hand',
  ])('A10.35: a class closed %s gets its absences once every device has reported', async (how) => {
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(0), at: on('10:01') }]);
    await advanceAt('09:55');
    if (how === 'by hand') {
      server.clock.stepWall(on('10:40').getTime() - server.clock.wallMs());
      await faculty().post(`${API}/sessions/${(await session()).id}/close/`);
    }
    await server.db.knex('attendance_biometric_device').update({ complete_through: on('23:00') });
    await advanceAt('11:00');
    expect((await session()).status).toBe('finalized');
    expect(await marks()).toMatchObject({ '1': 'present', '2': 'absent', '5': 'absent' });
  });

  it('A10.21: a lock has force: no way of marking gets through it', async () => {
    await advanceAt('09:55');
    const { id } = await session();
    const { body: code } = await server.post(`${API}/sessions/${id}/generate-qr/`);
    await server.db.knex('attendance_session').where({ id }).update({ status: 'locked' });
    const before = await marks();
    const one = { student: rollNumber(0), mark: 'present', reason: 'was here' };
    const answers = [
      await faculty().post(`${API}/records/`, { session_id: id, ...one }),
      await faculty().post(`${API}/records/bulk-mark/`, {
        session_id: id,
        mark_rest: 'present',
        reason: 'x',
      }),
      await faculty().post(`${API}/sessions/${id}/close/`),
      await server
        .as('student', { student: rollNumber(0) })
        .post(`${API}/records/qr-scan/`, { qr_token: code.qr_token, device_id: 'phone-of-zero' }),
    ];
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(
      Array(4).fill([409, 'SESSION_LOCKED']),
    );
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(1), at: on('10:01') }]);
    await server.judge();
    expect(await marks()).toEqual(before);
  });
});

describe('evidence and decisions', () => {
  it('A10.11: neither a scan nor a tap overwrites an excused student', async () => {
    await advanceAt('09:55');
    const { id } = await session();
    const excused = { session_id: id, student: rollNumber(0), mark: 'excused', reason: 'on duty' };
    await faculty().post(`${API}/records/`, excused);
    const { body: code } = await server.post(`${API}/sessions/${id}/generate-qr/`);
    const scan = await server
      .as('student', { student: rollNumber(0) })
      .post(`${API}/records/qr-scan/`, { qr_token: code.qr_token, device_id: 'phone-of-zero' });
    expect([scan.status, scan.body.mark]).toEqual([200, 'excused']);
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(0), at: on('09:58') }]);
    await server.judge();
    expect((await marks())['1']).toBe('excused');
  });

  it('A10.14: leaving is not being absent', async () => {
    const { knex } = server.db;
    await knex('attendance_biometric_device').where({ device_id: 'f101' }).update({ direction: 'out' });
    await storePunches(knex, [
      { rollNumber: rollNumber(0), at: on('10:01') },
      { rollNumber: rollNumber(0), at: on('10:48'), deviceId: 'f101', kind: 'finger' },
    ]);
    await advanceAt('10:49');
    expect((await marks())['1']).toBe('present');
    await knex('attendance_biometric_device').where({ device_id: 'f101' }).update({ direction: 'both' });
  });

  it('A10.22, A10.23: who decides, exports, reads the audit log or enrolls has a role for it', () => {
    const rolesOf = (permission: Permission): string[] => Object.keys(PERMISSIONS[permission]);
    for (const permission of [
      'leave.decide',
      'corrections.decide',
      'export.create',
      'audit.read',
      'devices.write',
    ] as const) {
      for (const role of ['student', 'guardian']) expect(rolesOf(permission), permission).not.toContain(role);
    }
    expect(rolesOf('enrollment.operate')).toEqual(['enrollment_officer']);
    expect(rolesOf('records.mark')).toContain('faculty');
    expect(rolesOf('qr.scan')).toEqual(['student']);
  });
});

describe('the model', () => {
  it('A10.25: no secret, key or template lies readable in the database', async () => {
    const { rows } = await server.db.knex.raw<{ rows: { name: string; type: string }[] }>(
      `SELECT table_name || '.' || column_name AS name, data_type AS type FROM information_schema.columns
       WHERE table_schema = 'public' AND column_name ~ '(secret|password|api_key|template|token|sealed|refresh)'
         AND table_name NOT LIKE 'knex%'`,
    );
    const readable = rows.filter(
      ({ type }) => type === 'text' || type === 'jsonb' || type === 'character varying',
    );
    // Hashed by argon2id; a number of the account; a name.
    expect(readable.map(({ name }) => name)).toEqual(['account.password_hash']);
    const { id } = await session();
    await advanceAt('09:55');
    const { body: code } = await server.post(`${API}/sessions/${id}/generate-qr/`);
    const dump = await server.db.knex('attendance_session').where({ id }).first();
    expect(JSON.stringify(dump)).not.toContain(code.qr_token);
    expect((await server.db.knex('gateway').first('secret_sha256')).secret_sha256).toHaveLength(32);
  });

  it('A10.27: the names of the seed’s documents are the keys that count; the names in its code are refused', async () => {
    const { body } = await server.get(`${API}/configurations/effective/`);
    const known = body.settings.map(({ key }: Body) => key);
    for (const key of [
      'ATTENDANCE_THRESHOLD_PERCENT',
      'ATTENDANCE_DATA_RETENTION_YEARS',
      'MAX_CORRECTION_DAYS',
      'AUTO_MARK_ABSENT',
    ]) {
      expect(known).toContain(key);
    }
    for (const key of ['THRESHOLD_PERCENT', 'DATA_RETENTION_YEARS', 'threshold_percent']) {
      const answer = await server.post(`${API}/configurations/`, { key, value: '80' });
      expect([answer.status, answer.body.code]).toEqual([422, 'SETTING_UNKNOWN']);
    }
  });

  it('A10.28: a room is a room of the campus, to which devices belong, never a text', async () => {
    const { id } = await session();
    const moved = await server.post(`${API}/sessions/${id}/room-change/`, { room: 'the big one' });
    expect(moved.status).toBeGreaterThanOrEqual(400);
    await expect(
      server.db.knex('attendance_session').where({ id }).update({ room_id: 'the big one' }),
    ).rejects.toThrow(/foreign key/);
    const devices = await server.results(`${API}/devices/`);
    expect(devices.length).toBeGreaterThan(0);
  });

  it('A10.29: two fingers of one student, each on every gateway; the same finger twice is refused', async () => {
    const { knex } = server.db;
    const student = await knex('student')
      .where({ roll_number: rollNumber(0) })
      .first('id');
    const [consent] = await knex('consent')
      .insert({
        student_id: student.id,
        purpose: 'fingerprint',
        actor: 'self',
        channel: 'office',
        notice_version: '1',
        notice_sha256: Buffer.alloc(32),
        granted_at: new Date(0),
      })
      .returning('id');
    const finger = (position: number) => ({
      student_id: student.id,
      finger_position: position,
      format: 'iso-19794-2',
      template_sealed: Buffer.alloc(64),
      key_id: 'test',
      quality_score: 0.8,
      consent_id: consent.id,
    });
    const templates = await knex('attendance_biometric_template')
      .insert([finger(2), finger(7)])
      .returning('id');
    await knex('template_deployment').insert(
      templates.map(({ id }) => ({ template_id: id, gateway_id: 'gw-a' })),
    );
    await expect(knex('attendance_biometric_template').insert(finger(2))).rejects.toThrow(/unique/);
  });
});
