import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rollNumber } from '../../seed/test-campus.js';
import { type Answer, API, type Body, TestServer } from '../test-server.js';

let server: TestServer;
const office = () => server.as('coordinator');
const codeOf = ({ status, body }: Answer) => [status, body.code];

beforeAll(async () => {
  server = await TestServer.start();
  const { knex } = server.db;
  await knex('department').insert([
    { id: 'cse', campus_id: 'main', name: 'CSE' },
    { id: 'ece', campus_id: 'main', name: 'ECE' },
  ]);
  await knex('section').where({ id: 'cse-a' }).update({ department_id: 'cse' });
  await knex('section').insert({ id: 'ece-a', name: 'ECE-A', department_id: 'ece' });
});
afterAll(() => server.stop());

const idOf = async (index: number): Promise<string> =>
  (
    await server.db
      .knex('student')
      .where({ roll_number: rollNumber(index) })
      .first('id')
  ).id;
const CONTACT = { phone: '+919848012345', email: 'ravi@example.org' };

describe('students', () => {
  it('case 158: are made, changed and removed; the audit log says that sealed data changed and never what it is', async () => {
    const made = await office().post(`${API}/students/`, {
      roll_number: '24B81A0599',
      name: 'Ravi',
      contact: CONTACT,
      date_of_birth: '2008-02-29',
    });
    expect(made).toMatchObject({ status: 201 });
    expect(made.body).toMatchObject({
      roll_number: '24B81A0599',
      contact: CONTACT,
      date_of_birth: '2008-02-29',
      sections: [],
      version: 1,
    });
    const address = `${API}/students/${made.body.id}/`;
    const changed = await office().patch(address, {
      contact: { phone: '+919848099999' },
      name: 'Ravi Kumar',
    });
    expect(changed.body).toMatchObject({ contact: { phone: '+919848099999' }, date_of_birth: '2008-02-29' });
    const row = await server.db.knex('student').where({ id: made.body.id }).first();
    expect(JSON.stringify(row)).not.toMatch(/98480|2008-02/);
    expect(Buffer.concat([row.contact_sealed, row.date_of_birth_sealed]).toString('latin1')).not.toMatch(
      /98480|2008/,
    );
    expect(codeOf(await office().patch(address, { roll_number: 'X' }))).toEqual([400, 'REQUEST_INVALID']);
    expect(await office().del(address)).toMatchObject({ status: 200 });
    const audit: Body[] = await server.db
      .knex('attendance_audit_log')
      .where({ entity_type: 'student', student_id: made.body.id })
      .orderBy('id');
    expect(audit.map(({ action }) => action)).toEqual(['create', 'update', 'delete']);
    expect(audit[1].before).toMatchObject({ contact: 'sealed', name: 'Ravi' });
    expect(audit[1].after).toMatchObject({
      contact: 'sealed anew',
      date_of_birth: 'sealed',
      name: 'Ravi Kumar',
    });
    expect(JSON.stringify(audit)).not.toMatch(/98480|ravi@|2008-02/);
  });

  it('case 157: contact and date of birth are shown only to whom they concern', async () => {
    const id = await idOf(0);
    const address = `${API}/students/${id}/`;
    await office().patch(address, { contact: CONTACT, date_of_birth: '2007-05-01' });
    const [guardian] = await server.db.knex('guardian').insert({ full_name: 'Mother' }).returning('id');
    await server.db.knex('guardianship').insert({ guardian_id: guardian.id, student_id: id });
    const sees = async (caller: ReturnType<typeof office>) => {
      const { status, body } = await caller.get(address);
      return status === 200 ? [body.contact?.phone ?? null, body.date_of_birth] : status;
    };
    const all = [CONTACT.phone, '2007-05-01'];
    expect(await sees(office())).toEqual(all);
    expect(await sees(server.as('hod', { department: 'cse' }))).toEqual(all);
    expect(await sees(server.as('mentor', { section: 'cse-a' }))).toEqual(all);
    expect(await sees(server.as('student', { student: rollNumber(0) }))).toEqual(all);
    expect(await sees(server.as('guardian', { guardian: guardian.id }))).toEqual(all);
    // They know who it is, and no more.
    expect(await sees(server.as('faculty', { faculty: 'F001' }))).toEqual([null, null]);
    expect(await sees(server.as('auditor'))).toEqual([null, null]);
    expect(await sees(server.as('exam_branch'))).toEqual([null, null]);
    // To these the student does not exist.
    expect(await sees(server.as('hod', { department: 'ece' }))).toBe(404);
    expect(await sees(server.as('student', { student: rollNumber(1) }))).toBe(404);
    expect(await sees(server.as('mentor', { section: 'ece-a' }))).toBe(404);
  });

  it("case 156: another one's student is 404, audited, and in nobody else's list", async () => {
    const other = server.as('student', { student: rollNumber(1) });
    const address = `${API}/students/${await idOf(0)}/`;
    expect(codeOf(await other.get(address))).toEqual([404, 'NOT_FOUND']);
    expect((await other.get(`${API}/students/00000000-0000-4000-8000-00000000dead/`)).body.code).toBe(
      'NOT_FOUND',
    );
    expect((await other.results(`${API}/students/`)).map(({ roll_number: roll }) => roll)).toEqual([
      rollNumber(1),
    ]);
    expect((await other.results(`${API}/students/?q=Student`)).length).toBe(1);
    expect(codeOf(await other.patch(address, { name: 'Me' }))).toEqual([403, 'FORBIDDEN']);
    const refused = await server.db
      .knex('attendance_audit_log')
      .where({ action: 'refused', entity_id: `GET ${address}` });
    expect(refused).not.toEqual([]);
    expect(codeOf(await other.get(`${API}/students/1 OR 1=1/`))).toEqual([400, 'REQUEST_INVALID']);
  });

  it('A10.23: what was never asked for cannot be stored', async () => {
    const body = { roll_number: 'N1', name: 'Nobody' };
    for (const wrong of [
      { aadhaar_number: '1234 5678 9012' },
      { caste: 'x' },
      { contact: { phone: '98480' } },
      { contact: { phone: '+919848012345', address: 'x' } },
      { date_of_birth: '2008-02-30' },
      { date_of_birth: 20080228 },
      { status: 'suspended' },
      { sections: ['cse-a'] },
      { id: '00000000-0000-4000-8000-000000000001' },
    ]) {
      expect(codeOf(await office().post(`${API}/students/`, { ...body, ...wrong }))).toEqual([
        400,
        'REQUEST_INVALID',
      ]);
    }
    expect(codeOf(await office().post(`${API}/students/`, { ...body, roll_number: rollNumber(0) }))).toEqual([
      409,
      'ALREADY_EXISTS',
    ]);
  });

  it('somebody with marks is not deleted', async () => {
    const { status, body } = await office().del(`${API}/students/${await idOf(0)}/`);
    expect([status, body.code]).toEqual([409, 'MASTER_IN_USE']);
    expect(body.detail).toMatch(/1 × roster membership/);
  });
});

describe('guardians', () => {
  it('case 157: a parent sees himself and not how the other parent is reached; nor does a faculty member', async () => {
    const students = [{ student: await idOf(2), relation: 'father' }];
    const father = (await office().post(`${API}/guardians/`, { name: 'Father', contact: CONTACT, students }))
      .body;
    const mother = (await office().post(`${API}/guardians/`, { name: 'Mother', language: 'te', students }))
      .body;
    expect(father.students).toEqual([{ ...students[0], roll_number: rollNumber(2) }]);
    const parent = server.as('guardian', { guardian: father.id });
    expect((await parent.results(`${API}/guardians/`)).map(({ name }) => name)).toEqual(['Father']);
    expect(codeOf(await parent.get(`${API}/guardians/${mother.id}/`))).toEqual([404, 'NOT_FOUND']);
    expect((await parent.results(`${API}/students/`)).map(({ roll_number: roll }) => roll)).toEqual([
      rollNumber(2),
    ]);
    expect(codeOf(await server.as('faculty', { faculty: 'F001' }).get(`${API}/guardians/`))).toEqual([
      403,
      'FORBIDDEN',
    ]);
    const own = server.as('student', { student: rollNumber(2) });
    expect((await own.results(`${API}/guardians/`)).map(({ name }) => name).sort()).toEqual([
      'Father',
      'Mother',
    ]);
    expect(await server.as('student', { student: rollNumber(3) }).results(`${API}/guardians/`)).toEqual([]);
  });

  it('have the students that they are given, and lose them again', async () => {
    const { body: made } = await office().post(`${API}/guardians/`, {
      name: 'Aunt',
      students: [{ student: await idOf(3), relation: 'guardian' }, { student: await idOf(4) }],
    });
    expect(made.students.map(({ relation }: Body) => relation)).toEqual(['guardian', 'parent']);
    const address = `${API}/guardians/${made.id}/`;
    expect((await office().patch(address, { name: 'An aunt' })).body.students).toHaveLength(2);
    expect(
      (await office().results(`${API}/guardians/?student=${await idOf(4)}`)).map(({ id }) => id),
    ).toEqual([made.id]);
    const [row] = await server.db
      .knex('attendance_audit_log')
      .where({ entity_id: made.id, action: 'update' })
      .select('before', 'after');
    expect([row.before.students.length, row.after.name]).toEqual([2, 'An aunt']);
    expect((await office().patch(address, { students: [] })).body.students).toEqual([]);
    const unknown = [{ student: '00000000-0000-4000-8000-00000000dead' }];
    expect(codeOf(await office().patch(address, { students: unknown }))).toEqual([400, 'REQUEST_INVALID']);
    expect(await office().del(address)).toMatchObject({ status: 200 });
  });
});
