import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rollNumber } from '../seed/test-campus.js';
import { API, TestServer } from './test-server.js';

let server: TestServer;
const PATH = `${API}/dropdowns`;

beforeAll(async () => {
  server = await TestServer.start();
  const { knex } = server.db;
  await knex('academic_year').insert({
    id: 'y26',
    campus_id: 'main',
    name: '2026',
    starts_on: '2026-07-01',
    ends_on: '2027-06-30',
  });
  await knex('academic_period').update({ academic_year_id: 'y26', semester: 'odd' });
});
afterAll(() => server.stop());

describe('the lists to choose from', () => {
  it('have the periods of a year, the groups and the slots of a period', async () => {
    expect(await server.results(`${PATH}/semesters-by-academic-year/?academic_year=y26`)).toEqual([
      { id: '2026-odd', name: '2026 odd', semester: 'odd', is_current: false },
    ]);
    expect(await server.results(`${PATH}/semesters-by-academic-year/?academic_year=none`)).toEqual([]);
    const groups = await server.results(`${PATH}/course-sections-by-period/?academic_period=2026-odd`);
    expect(groups.map(({ course, section, faculty }) => [course, section, faculty])).toEqual([
      ['CS301', 'cse-a', ['F001']],
      ['CS302', 'cse-a', ['F001']],
    ]);
    const slots = await server.results(`${PATH}/timetable-slots-by-period/?academic_period=2026-odd`);
    expect(slots.map(({ id, start_time: start }) => [id, start])).toEqual([
      ['cse-a-tue-1000', '10:00'],
      ['cse-a-tue-1050', '10:50'],
    ]);
    const missing = await server.get(`${PATH}/timetable-slots-by-period/`);
    expect([missing.status, missing.body.code]).toEqual([400, 'REQUEST_INVALID']);
  });

  it('case 156: have the students of a class for its faculty, and only oneself for a student', async () => {
    const session = await server.sessionOf('CS301');
    const path = `${PATH}/sessions/${session.id}/students/`;
    const all = await server.as('faculty', { faculty: 'F001' }).results(path);
    expect(all.map(({ roll_number: roll }) => roll)).toEqual([0, 1, 2, 3, 4].map(rollNumber));
    const own = await server.as('student', { student: rollNumber(1) }).results(path);
    expect(own.map(({ roll_number: roll }) => roll)).toEqual([rollNumber(1)]);
    await server.db.knex('faculty').insert({ code: 'F777', full_name: 'Other' });
    const other = await server.as('faculty', { faculty: 'F777' }).get(path);
    expect([other.status, other.body.code]).toEqual([404, 'NOT_FOUND']);
  });
});
