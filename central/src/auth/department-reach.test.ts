import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTES } from '../http/routes.js';
import {
  isWrite,
  type KnownIds,
  knownIds,
  nameOf,
  sampleRequest,
  storedState,
} from '../http/test-requests.js';
import { API, TestServer } from '../http/test-server.js';
import { rollNumber } from '../seed/test-campus.js';
import { PERMISSIONS, type Permission } from './permissions.js';
import type { RoleId } from './roles.js';

let server: TestServer;
let ids: KnownIds;
beforeAll(async () => {
  server = await TestServer.start();
  const { knex } = server.db;
  await knex('department').insert([
    { id: 'cse', campus_id: 'main', name: 'CSE' },
    { id: 'ece', campus_id: 'main', name: 'ECE' },
  ]);
  await knex('section').update({ department_id: 'cse' });
  await knex('section').insert({ id: 'ece-a', name: 'ECE-A', department_id: 'ece' });
  await knex('course').update({ department_id: 'cse' });
  await knex('faculty').insert({ code: 'F009', full_name: 'Dr Elsewhere' });
  const student = server.as('student', { student: rollNumber(1) });
  const dates = { start_date: '2026-07-10', end_date: '2026-07-10', reason: 'an illness' };
  const leave = await student.post(`${API}/leave-applications/`, { leave_type: 'medical', ...dates });
  const known = await knownIds(server);
  ids = { ...known, 'leave-applications': leave.body.id, 'timetable-slots': 'cse-a-tue-1000' };
});
afterAll(() => server.stop());

const reachOf = (access: string, role: RoleId): string | undefined =>
  (PERMISSIONS[access as Permission] as Partial<Record<RoleId, string>> | undefined)?.[role];

const OUTSIDERS = [
  ['hod', { department: 'ece' }, 'department'],
  ['faculty', { faculty: 'F009' }, 'taught'],
  ['mentor', { section: 'ece-a' }, 'mentored'],
] as const;

describe.each(OUTSIDERS)('case 157: %s of another department', (role, person, reach) => {
  const routes = ROUTES.filter(({ contract }) => reachOf(contract.access, role) === reach);

  it('shows no student of this one on any route', async () => {
    for (const route of routes.filter(({ contract }) => !isWrite(contract))) {
      const { method, path } = sampleRequest(route, ids);
      const response = await fetch(server.url(path), {
        method,
        headers: await server.authorization(role, person),
      });
      const text = await response.text();
      expect(response.status, nameOf(route)).toBeLessThan(500);
      for (const trace of [rollNumber(0), rollNumber(1), 'Student 1', 'an illness']) {
        // What was asked for may stand in the answer that refuses it.
        if (response.ok) expect(text, nameOf(route)).not.toContain(trace);
      }
    }
  });

  it('changes nothing of this one on any route', async () => {
    const { knex } = server.db;
    await server.tokenOf(role, person);
    const before = await storedState(knex);
    for (const route of routes.filter(({ contract }) => isWrite(contract))) {
      const { method, path, body } = sampleRequest(route, ids);
      const response = await fetch(server.url(path), {
        method,
        headers: {
          ...(await server.authorization(role, person)),
          'content-type': 'application/json',
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      expect(response.status, `${nameOf(route)}: ${text}`).toBeLessThan(500);
      expect(text, nameOf(route)).not.toContain('Student 1');
    }
    expect(await storedState(knex)).toEqual(before);
  });
});
