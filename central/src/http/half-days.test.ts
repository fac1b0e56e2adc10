import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runExports } from '../exports/run-exports.js';
import { silentLog } from '../log.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { API, at, type Body, TestServer } from './test-server.js';

const SHEET = `${API}/statistics/half-days/`;
const DAY = '?start_date=2026-07-07&end_date=2026-07-07';

let server: TestServer;
/** A class of the afternoon, 14:00 to 14:50. */
let afternoon: string;

beforeAll(async () => {
  server = await TestServer.start();
  const { knex } = server.db;
  await knex('room').insert({ id: 'gate', building_id: 'block-a', name: 'Main gate', purpose: 'gate' });
  await knex('attendance_biometric_device').insert({
    device_id: 'gate1',
    gateway_id: 'gw-a',
    device_name: 'Main gate',
    device_type: 'rfid',
    driver: 'rdm6300',
    room_id: 'gate',
  });
  const made = await server.post(`${API}/sessions/`, {
    course: 'CS301',
    sections: ['cse-a'],
    faculty: 'F001',
    rooms: ['r101'],
    date: '2026-07-07',
    start_time: '14:00',
    end_time: '14:50',
  });
  afternoon = made.body.id;
  await storePunches(knex, [
    { rollNumber: rollNumber(3), at: at('09:30'), deviceId: 'gate1', roomId: 'gate' },
    { rollNumber: rollNumber(4), at: at('16:10'), deviceId: 'gate1', roomId: 'gate' },
  ]);
  server.goTo('17:00');
  await advanceSessions(knex, server.clock.wallMs());
  await server.judge();
});
afterAll(() => server?.stop());

beforeEach(() => server.db.knex('attendance_configuration').delete());

const reported = (time: string, where: object = {}) =>
  server.db
    .knex('attendance_biometric_device')
    .where(where)
    .update({ complete_through: at(time) });
const settle = async (): Promise<void> => {
  await advanceSessions(server.db.knex, server.clock.wallMs());
  await advanceSessions(server.db.knex, server.clock.wallMs());
  await server.judge();
};
const sheet = async (query = DAY): Promise<Record<string, [string, string]>> =>
  Object.fromEntries(
    (await server.results(`${SHEET}${query}`)).map((row: Body) => [
      row.student.roll_number.slice(-1),
      [row.forenoon, row.afternoon],
    ]),
  );

describe('the statutory sheet of forenoons and afternoons', () => {
  it('case 55: nobody is absent before every device of the campus has reported past the half, the gate included', async () => {
    await reported('16:30');
    await reported('11:45', { device_id: 'gate1' });
    await settle();
    expect(await sheet()).toMatchObject({ 2: ['present', 'pending'], 3: ['present', 'pending'] });
    expect(await sheet()).toMatchObject({ 5: ['absent', 'present'] });
  });

  it('case 55: the main gate alone is enough for half a day, and never marks a class', async () => {
    await reported('16:30');
    await settle();
    expect(await sheet()).toEqual({
      1: ['present', 'absent'],
      2: ['present', 'absent'],
      3: ['present', 'absent'],
      4: ['present', 'absent'],
      5: ['absent', 'present'],
    });
    const [fourth] = await server.results(`${SHEET}${DAY}&student=${rollNumber(3)}`);
    expect(fourth).toMatchObject({
      first_seen_at: at('09:30').toISOString(),
      last_seen_at: at('09:30').toISOString(),
      attended_half_days: 1,
      required_half_days: 2,
    });
    const marks = await server.db
      .knex('attendance_record as r')
      .join('student as s', 's.id', 'r.student_id')
      .whereIn('roll_number', [rollNumber(3), rollNumber(4)])
      .pluck('mark');
    expect(new Set(marks)).toEqual(new Set(['absent']));
  });

  it('case 56: a library and a hostel show that somebody was there, and are no half day and no mark', async () => {
    const { knex } = server.db;
    for (const [id, student, time] of [
      ['library', 2, '14:10'],
      ['hostel', 3, '15:00'],
    ] as const) {
      const room = { id, building: 'block-a', name: id, purpose: 'presence' };
      expect((await server.post(`${API}/rooms/`, room)).status).toBe(201);
      // Its reader has reported nothing yet, and nobody waits for it.
      const reader = { device_id: `${id}1`, gateway_id: 'gw-a', device_name: id, room_id: id };
      await knex('attendance_biometric_device').insert({ ...reader, device_type: 'rfid', driver: 'rdm6300' });
      await storePunches(knex, [
        { rollNumber: rollNumber(student), at: at(time), deviceId: `${id}1`, roomId: id },
      ]);
    }
    await reported('16:30', { room_id: 'r101' });
    await reported('16:30', { room_id: 'r102' });
    await reported('16:30', { room_id: 'gate' });
    await settle();
    expect(await sheet()).toMatchObject({ 3: ['present', 'absent'], 4: ['present', 'absent'] });
    const seen = await server.results(`${API}/punches/?device=library1`);
    expect(seen).toMatchObject([{ room_id: 'library', student: { roll_number: rollNumber(2) } }]);
    const record = await knex('attendance_record as r')
      .join('student as s', 's.id', 'r.student_id')
      .where({ roll_number: rollNumber(2), session_id: afternoon })
      .first('r.id', 'r.mark');
    const why = (await server.get(`${API}/records/${record.id}/explain/`)).body;
    expect([record.mark, why.evidence.map((item: Body) => [item.room_id, item.why])]).toEqual([
      'absent',
      [['library', 'PRESENCE_ONLY']],
    ]);
  });

  it('case 55: a class attended without a reader counts; where no class asks, nothing is required', async () => {
    const { knex } = server.db;
    const { id } = await knex('student')
      .where({ roll_number: rollNumber(0) })
      .first('id');
    await knex('attendance_record')
      .where({ session_id: afternoon, student_id: id })
      .update({ mark: 'present' });
    expect((await sheet())[1]).toEqual(['present', 'present']);
    await knex('attendance_session').where({ id: afternoon }).update({ status: 'cancelled' });
    expect(await sheet()).toMatchObject({ 1: ['present', 'not_required'], 5: ['absent', 'present'] });
    await knex('attendance_session').where({ id: afternoon }).update({ status: 'finalized' });
    expect(await sheet('?start_date=2026-07-05&end_date=2026-07-05')).toMatchObject({
      1: ['not_required', 'not_required'],
    });
  });

  it('case 55: the afternoon begins when AFTERNOON_STARTS_AT says so', async () => {
    const value = '16:15';
    await server.db
      .knex('attendance_configuration')
      .insert({ key: 'AFTERNOON_STARTS_AT', value, data_type: 'string', effective_from: '-infinity' });
    expect((await sheet())[5]).toEqual(['present', 'not_required']);
  });

  it('case 55: who sees only one course sees none of it, a student the own line, a mentor the section', async () => {
    const of = async (caller: { results(path: string): Promise<Body[]> }) =>
      (await caller.results(`${SHEET}${DAY}`)).length;
    expect(await of(server.as('faculty', { faculty: 'F001' }))).toBe(0);
    expect(await of(server.as('student', { student: rollNumber(0) }))).toBe(1);
    expect(await of(server.as('mentor', { section: 'cse-a' }))).toBe(5);
    expect(await of(server.as('auditor'))).toBe(5);
    expect((await server.as('dpo').get(`${SHEET}${DAY}`)).status).toBe(403);
  });

  it('is paged by date, section and roll number, a month at most', async () => {
    const path = `${SHEET}?start_date=2026-07-06&end_date=2026-07-07&limit=3`;
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await server.get(`${path}${cursor}`);
      seen.push(...body.results.map((row: Body) => `${row.date} ${row.student.roll_number}`));
      cursor = body.next === null ? '' : `&cursor=${body.next}`;
    } while (cursor !== '');
    expect(seen).toHaveLength(10);
    expect(seen).toEqual([...new Set(seen)].sort());
    const long = await server.get(`${SHEET}?start_date=2026-07-01&end_date=2026-08-01`);
    expect([long.status, long.body.code]).toEqual([400, 'REQUEST_INVALID']);
    expect((await server.get(`${SHEET}?start_date=2026-07-02&end_date=2026-07-01`)).status).toBe(400);
  });

  it('case 55: is exported as it stands on the page', async () => {
    const wanted = {
      format: 'csv',
      start_date: '2026-07-07',
      end_date: '2026-07-07',
      include_half_days: true,
      purpose: 'statutory sheet',
    };
    const refused = await server.post(`${API}/export/data/`, wanted);
    expect([refused.status, refused.body.code]).toEqual([400, 'REQUEST_INVALID']);
    const asked = await server.post(`${API}/export/data/`, {
      ...wanted,
      include_details: false,
      include_statistics: false,
    });
    expect(asked.status).toBe(202);
    await runExports({ db: server.db, clock: server.clock, log: silentLog, files: server.files });
    const path = `${API}/export/jobs/${asked.body.id}/`;
    const { file, state } = (await server.get(path)).body;
    expect(state).toBe('done');
    const headers = await server.authorization();
    const text = await (await fetch(server.url(file), { headers })).text();
    const rows: Record<string, string>[] = parse(text, { bom: true, comment: '#', columns: true });
    expect(rows.map((row) => [row['Roll number'], row['FN'], row['AN'], row['First seen']])).toEqual([
      [rollNumber(0), 'P', 'P', '10:01:00'],
      [rollNumber(1), 'P', 'A', '10:07:00'],
      [rollNumber(2), 'P', 'A', '10:02:00'],
      [rollNumber(3), 'P', 'A', '09:30:00'],
      [rollNumber(4), 'A', 'P', '16:10:00'],
    ]);
  });
});
