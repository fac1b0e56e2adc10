import { API, type TestPerson, type TestServer } from '../http/test-server.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';
import { ROLES, type RoleId } from './roles.js';

export const ECE_STUDENT = '24B81A0401';

/** For tests: class sessions of one day, one of each department, and somebody of each role who belongs to the first. */
export interface TwoDepartments {
  cse: string;
  ece: string;
  people: Record<RoleId, TestPerson>;
}

/** Both classes are open, and each has a mark. */
export async function twoDepartments(server: TestServer): Promise<TwoDepartments> {
  const people = {} as Record<RoleId, TestPerson>;
  const { knex } = server.db;
  await knex('department').insert([
    { id: 'cse', campus_id: 'main', name: 'CSE' },
    { id: 'ece', campus_id: 'main', name: 'ECE' },
  ]);
  await knex('section').where({ id: 'cse-a' }).update({ department_id: 'cse' });
  await knex('section').insert({ id: 'ece-a', name: 'ECE-A', department_id: 'ece' });
  await knex('course').where({ code: 'CS301' }).update({ department_id: 'cse' });
  await knex('course').insert({ code: 'EC301', title: 'Signals', department_id: 'ece' });
  await knex('faculty').insert([
    { code: 'F002', full_name: 'Dr Lakshmi' },
    { code: 'F003', full_name: 'Dr Khan' },
  ]);
  const [other] = await knex('student')
    .insert({ roll_number: ECE_STUDENT, full_name: 'Of the other department' })
    .returning('id');
  await knex('roster_membership').insert({
    section_id: 'ece-a',
    student_id: other.id,
    valid_during: '[2026-07-01,)',
  });
  const [guardian] = await knex('guardian').insert({ full_name: 'A mother' }).returning('id');
  const child = await knex('student')
    .where({ roll_number: rollNumber(0) })
    .first('id');
  await knex('guardianship').insert({ guardian_id: guardian.id, student_id: child.id });
  for (const role of ROLES) people[role] = {};
  people.hod = { department: 'cse' };
  people.faculty = { faculty: 'F001' };
  people.mentor = { section: 'cse-a' };
  people.student = { student: rollNumber(0) };
  people.class_representative = { section: 'cse-a' };
  people.guardian = { guardian: guardian.id };
  const made = await server.post(`${API}/sessions/`, {
    course: 'EC301',
    sections: ['ece-a'],
    faculty: 'F002',
    rooms: ['r102'],
    date: '2026-07-07',
    start_time: '10:00',
    end_time: '10:50',
  });
  const ece: string = made.body.id;
  const cse: string = (await server.sessionOf('CS301')).id;
  await server.post(`${API}/sessions/${ece}/open/`);
  const at = new Date(server.clock.wallMs());
  await storePunches(knex, [{ rollNumber: ECE_STUDENT, at, deviceId: 'c102', roomId: 'r102' }]);
  await server.judge();
  return { cse, ece, people };
}
