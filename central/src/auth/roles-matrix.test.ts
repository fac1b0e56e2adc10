import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTES } from '../http/routes.js';
import { API, type Body, type TestPerson, TestServer } from '../http/test-server.js';
import { rollNumber } from '../seed/test-campus.js';
import { PERMISSIONS, type Permission, type Reach } from './permissions.js';
import { ROLES, type RoleId } from './roles.js';
import { ECE_STUDENT, twoDepartments } from './two-departments.test-support.js';

/**
 * Who may do what and how far (domain A6, case 157), written a second time by hand: whoever changes a right changes it
 * here, too. A dot is nothing, and what is not listed is nothing for everybody.
 */
const LETTERS: Record<string, Reach> = {
  A: 'all',
  D: 'department',
  T: 'taught',
  M: 'mentored',
  S: 'self',
  C: 'child',
};
/** Columns in the order of ROLES: admin dean coordinator hod principal exam_branch faculty mentor student guardian lab_technician enrollment_officer security_officer dpo auditor, and class_representative where it has anything. */
const MATRIX: Record<Permission, string> = {
  'campus.read': 'AAAAAAAAAAAAAAA',
  'masters.read': 'AAAAAAAAAAAAAAA',
  'masters.write': 'A.A............',
  'people.read': 'AAADAATMSC.A.AA',
  'people.write': 'A.A............',
  'student_statuses.read': 'AAADA..MSC....A',
  'student_statuses.write': 'A.A............',
  'accounts.read': 'A...........A.A',
  'accounts.write': 'A..............',
  'calendar.read': 'AAAAAAAAAAAAAAA',
  'calendar.write': 'AAA............',
  'timetable.read': 'AAAAAAAAAAAAAAA',
  'timetable.write': 'AAAD...........',
  'sessions.read': 'AAADAATMSCA...A',
  'sessions.generate': 'AAA............',
  'sessions.operate': 'A.ADA.T........',
  'sessions.confirm_not_held': '...............M',
  'sessions.change': 'A.ADA.T........',
  'sessions.unlock': 'AA.DA..........',
  'records.read': 'AAADA.TMSC....A',
  'records.mark': 'A..D..T........',
  'records.import': 'A.A............',
  'records.recompute': 'A..D...........',
  'evidence.read': 'A..DA.TMS.....A',
  'qr.show': 'A..D..T........',
  'qr.scan': '........S......',
  'bindings.write': 'A.A............',
  'leave.read': 'AAADA.TMSC....A',
  'leave.apply': 'A.A.....SC.....',
  'leave.decide': 'A.ADA.TM.......',
  'corrections.read': 'AAADA.TMSC....A',
  'corrections.request': 'A.A...T.S......',
  'corrections.decide': 'A.ADA.TM.......',
  'statistics.read': 'AAADAATMSC....A',
  'credits.read': 'AAADAA.MSC....A',
  'credits.write': 'A.A..A.........',
  'reports.read': 'AAADAA.M......A',
  'export.create': 'AAADAAT........',
  'exceptions.read': 'A.ADA.TM..A.A.A',
  'reviews.read': 'A.ADA.TM......A',
  'exceptions.decide': 'A.ADA.TM.......',
  'exceptions.resolve': 'A.ADA.TM..A.A..',
  'devices.read': 'A...A.....A.A.A',
  'devices.write': 'A.........A....',
  'quarantine.read': 'A.........A.A..',
  'enrollment.operate': '...........A...',
  'consent.read': 'A.......SC.A.AA',
  'consent.write': '........SC.A.A.',
  'privacy.read': 'A............A.',
  'privacy.write': '.............A.',
  'configuration.read': 'AAAAA.........A',
  'configuration.write': 'A..............',
  'jobs.read': 'A.........A...A',
  'audit.read': 'AA..A.......AAA',
  'export.read_others': 'A..............',
  'credentials.read': 'A.A.A...SCAA..A',
  'credentials.write': 'A.A........A...',
  'contacts.read': 'A.ADA..MSC.A.A.',
  'templates.read': 'A.......SC.A.AA',
  'exemptions.read': 'A.AD..TMSC.A.AA',
  'exemptions.write': 'A.A........A...',
  'galleries.read': 'A.........AAAAA',
  'clocks.write': 'A..............',
  'gateways.revoke': 'A...........A..',
};
const reachOf = (permission: Permission, role: RoleId): Reach | undefined =>
  LETTERS[MATRIX[permission]?.[ROLES.indexOf(role)] ?? '.'];

let server: TestServer;
/** Class sessions of the day: one of each department. */
let cse: string;
let ece: string;
let people: Record<RoleId, TestPerson>;

beforeAll(async () => {
  server = await TestServer.start();
  ({ cse, ece, people } = await twoDepartments(server));
});
afterAll(() => server.stop());

describe('case 157: the rights of each role', () => {
  it('are those of the table, for every permission there is', () => {
    const written = Object.fromEntries(
      Object.entries(MATRIX).map(([permission]) => [
        permission,
        Object.fromEntries(
          ROLES.flatMap((role) => {
            const reach = reachOf(permission as Permission, role);
            return reach === undefined ? [] : [[role, reach]];
          }),
        ),
      ]),
    );
    expect(PERMISSIONS).toEqual(written);
    for (const row of Object.values(MATRIX)) expect([ROLES.length - 1, ROLES.length]).toContain(row.length);
  });

  it.each(ROLES)('%s is refused every route that it has no right to, and no other', async (role) => {
    const headers = {
      ...(await server.authorization(role, people[role])),
      'content-type': 'application/json',
    };
    const wrong: string[] = [];
    for (const { contract } of ROUTES) {
      const { access, method } = contract;
      if (access === 'public' || access === 'signed_in' || access === 'gateway') continue;
      const path = contract.path.replaceAll(/\{\w+\}/g, () => randomUUID());
      // A question that no route knows: whoever may ask is told so before anything happens.
      const question = method === 'get' ? '?no_such_question=1' : '';
      const response = await fetch(server.url(`${path}${question}`), {
        method: method.toUpperCase(),
        headers,
        ...(method === 'get' || method === 'delete' ? {} : { body: '{"no_such_field":1}' }),
      });
      await response.body?.cancel();
      const may = reachOf(access, role) !== undefined;
      const isRefused = response.status === 403 || response.status === 401;
      if (isRefused === may || response.status >= 500) {
        wrong.push(`${method} ${contract.path} (${access}): ${response.status}`);
      }
    }
    expect(wrong).toEqual([]);
    const asGateway = await fetch(server.url(`${API}/gateways/gw-a/roster/1/`), { headers });
    expect(asGateway.status).toBe(401);
  });
});

/** Of the two classes and of two of their students. */
const BOTH = 'both';
const CSE = 'cse';
const NONE = 'none';
type Seen = typeof BOTH | typeof CSE | typeof NONE;

const SEES: [role: RoleId, sessions: Seen, records: Seen][] = [
  ['admin', BOTH, BOTH],
  ['dean', BOTH, BOTH],
  ['coordinator', BOTH, BOTH],
  ['hod', CSE, CSE],
  ['principal', BOTH, BOTH],
  ['exam_branch', BOTH, NONE],
  ['faculty', CSE, CSE],
  ['mentor', CSE, CSE],
  ['student', CSE, CSE],
  ['guardian', CSE, CSE],
  ['lab_technician', BOTH, NONE],
  ['enrollment_officer', NONE, NONE],
  ['security_officer', NONE, NONE],
  ['dpo', NONE, NONE],
  ['auditor', BOTH, BOTH],
  // The right to say that nobody came, and nothing more: what a student sees comes from being one.
  ['class_representative', NONE, NONE],
];

describe('cases 156, 157: rows of a campus with two departments', () => {
  const mine = ['student', 'guardian'];

  it.each(SEES)('%s sees class sessions of %s, records of %s', async (role, sessions, records) => {
    const caller = server.as(role, people[role]);
    const list = await caller.get(`${API}/sessions/?scheduled_date=2026-07-07`);
    expect(list.status).toBe(sessions === NONE ? 403 : 200);
    const ids: string[] = list.body.results?.map(({ id }: Body) => id) ?? [];
    expect([ids.includes(cse), ids.includes(ece)]).toEqual([sessions !== NONE, sessions === BOTH]);
    for (const [id, isSeen] of [
      [cse, sessions !== NONE],
      [ece, sessions === BOTH],
    ] as const) {
      const one = await caller.get(`${API}/sessions/${id}/`);
      expect(one.status).toBe(isSeen ? 200 : sessions === NONE ? 403 : 404);
    }
    const marks = await caller.get(`${API}/records/?limit=100`);
    expect(marks.status).toBe(records === NONE ? 403 : 200);
    const rolls = new Set<string>(marks.body.results?.map(({ student }: Body) => student.roll_number) ?? []);
    expect([rolls.has(rollNumber(0)), rolls.has(ECE_STUDENT)]).toEqual([records !== NONE, records === BOTH]);
    // Nobody else's mark in one's own class.
    expect(rolls.has(rollNumber(1))).toBe(records !== NONE && !mine.includes(role));
  });

  it('case 156: another student’s record is not there, for reading and for explaining, and the attempt is audited', async () => {
    const { knex } = server.db;
    const all = await server.results(`${API}/records/?limit=100`);
    const idOf = (roll: string): string => all.find(({ student }) => student.roll_number === roll).id;
    for (const role of ['student', 'guardian'] as const) {
      const caller = server.as(role, people[role]);
      const own = await caller.get(`${API}/records/${idOf(rollNumber(0))}/explain/`);
      expect([role, own.status]).toEqual([role, 200]);
      for (const roll of [rollNumber(1), ECE_STUDENT]) {
        const before = Number((await knex('attendance_audit_log').count('* as n').first())?.['n']);
        const other = await caller.get(`${API}/records/${idOf(roll)}/explain/`);
        expect([other.status, other.body.code]).toEqual([404, 'NOT_FOUND']);
        const after = await knex('attendance_audit_log').orderBy('id', 'desc').first();
        expect(after).toMatchObject({ action: 'refused', reason: 'NOT_FOUND', actor_role: role });
        expect(Number((await knex('attendance_audit_log').count('* as n').first())?.['n'])).toBe(before + 1);
      }
      // Asking by the roll number of another finds nothing.
      expect(await caller.results(`${API}/records/?student=${rollNumber(1)}`)).toEqual([]);
    }
  });

  const ACTS: [role: RoleId, inCse: number, inEce: number][] = [
    ['admin', 200, 200],
    ['dean', 403, 403],
    ['coordinator', 200, 200],
    ['hod', 200, 404],
    ['principal', 200, 200],
    ['exam_branch', 403, 403],
    ['faculty', 200, 404],
    ['mentor', 403, 403],
    ['student', 403, 403],
    ['guardian', 403, 403],
    ['lab_technician', 403, 403],
    ['enrollment_officer', 403, 403],
    ['security_officer', 403, 403],
    ['dpo', 403, 403],
    ['auditor', 403, 403],
    ['class_representative', 403, 403],
  ];
  it('each role is in both tables', () => {
    expect(SEES.map(([role]) => role)).toEqual(ROLES);
    expect(ACTS.map(([role]) => role)).toEqual(ROLES);
  });

  it.each(ACTS)('%s acts on a class of CSE: %i, of ECE: %i', async (role, inCse, inEce) => {
    const caller = server.as(role, people[role]);
    const act = async (id: string) =>
      (await caller.post(`${API}/sessions/${id}/headcount/`, { headcount: 5 })).status;
    expect([await act(cse), await act(ece)]).toEqual([inCse, inEce]);
  });

  it('a substitute, a mentor and a head reach what they were given, and no more', async () => {
    const substitute = server.as('faculty', { faculty: 'F003' });
    expect((await substitute.get(`${API}/sessions/${cse}/`)).status).toBe(404);
    await server.post(`${API}/sessions/${cse}/substitute/`, { faculty: 'F003' });
    expect((await substitute.get(`${API}/sessions/${cse}/`)).status).toBe(200);
    expect((await server.as('mentor').get(`${API}/sessions/${cse}/`)).status).toBe(404);
    expect((await server.as('mentor', { section: 'ece-a' }).get(`${API}/sessions/${cse}/`)).status).toBe(404);
    expect((await server.as('hod', { department: 'ece' }).get(`${API}/sessions/${ece}/`)).status).toBe(200);
    expect((await server.as('hod', { department: 'ece' }).get(`${API}/sessions/${cse}/`)).status).toBe(404);
  });

  it('an auditor changes nothing at all, a lab technician and an exam branch no marks', () => {
    const rights = (role: RoleId): string[] =>
      Object.keys(MATRIX).filter((permission) => reachOf(permission as Permission, role) !== undefined);
    expect(rights('auditor').filter((permission) => !permission.endsWith('.read'))).toEqual([]);
    for (const role of ['lab_technician', 'exam_branch', 'security_officer', 'dpo'] as const) {
      expect(rights(role).filter((permission) => permission.startsWith('records.'))).toEqual([]);
    }
    expect(ROLES.filter((role) => reachOf('qr.scan', role) !== undefined)).toEqual(['student']);
    expect(ROLES.filter((role) => reachOf('enrollment.operate', role) !== undefined)).toEqual([
      'enrollment_officer',
    ]);
  });
});
