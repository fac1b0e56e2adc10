import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, API, type Body, TestServer } from '../http/test-server.js';
import { rollNumber } from '../seed/test-campus.js';
import { isAdult } from './adult.js';

let server: TestServer;
let ids: string[];
const officer = () => server.as('enrollment_officer');
const student = (index: number) => server.as('student', { student: rollNumber(index) });
const codeOf = ({ status, body }: Answer) => [status, body.code];

beforeAll(async () => {
  server = await TestServer.start();
  ids = await server.db.knex('student').orderBy('roll_number').pluck('id');
});
afterAll(() => server.stop());

const consentOf = (index: number, change: object = {}): object => ({
  student: ids[index],
  purpose: 'fingerprint',
  actor: 'self',
  channel: 'page',
  notice_version: '2026-1',
  notice_sha256: 'a'.repeat(64),
  ...change,
});
const enroll = (index: number) =>
  officer().post(`${API}/biometric-templates/enroll/`, { student: ids[index], finger_position: 2 });
const bornOn = (index: number, date: string) =>
  server.as('coordinator').patch(`${API}/students/${ids[index]}/`, { date_of_birth: date });
const storeTemplate = async (index: number, consent: string): Promise<string> => {
  const [row] = await server.db
    .knex('attendance_biometric_template')
    .insert({
      student_id: ids[index],
      finger_position: 2,
      format: 'rollcall-1',
      template_sealed: Buffer.from('sealed bytes'),
      key_id: 'k1',
      quality_score: 0.8,
      consent_id: consent,
    })
    .returning('id');
  return row.id;
};

describe('consent', () => {
  it('F3: without a consent in force nothing of a finger is taken, and the database stores none', async () => {
    expect(codeOf(await enroll(0))).toEqual([409, 'CONSENT_MISSING']);
    await bornOn(0, '2007-01-01');
    const attendance = await student(0).post(`${API}/consents/`, consentOf(0, { purpose: 'attendance' }));
    expect(attendance.status).toBe(201);
    // Consent to one purpose is not consent to another.
    expect(codeOf(await enroll(0))).toEqual([409, 'CONSENT_MISSING']);
    await expect(storeTemplate(0, attendance.body.id)).rejects.toThrow(/no live consent/);
    const { body: consent } = await student(0).post(`${API}/consents/`, consentOf(0));
    expect((await enroll(0)).body).toMatchObject({ consent: consent.id, replaces: null });
    await expect(storeTemplate(1, consent.id)).rejects.toThrow(/no live consent/);
  });

  it('F3: withdrawn, the templates are destroyed at once and every gateway is to remove its own', async () => {
    const [consent] = await student(0).results(`${API}/consents/?purpose=fingerprint&live=1`);
    const template = await storeTemplate(0, consent.id);
    await server.db
      .knex('template_deployment')
      .insert({ template_id: template, gateway_id: 'gw-a', state: 'acked' });
    const revoked = await student(0).post(`${API}/consents/${consent.id}/revoke/`);
    expect(revoked.body.revoked_at).toBe(new Date(server.clock.wallMs()).toISOString());
    const row = await server.db.knex('attendance_biometric_template').where({ id: template }).first();
    expect([row.state, row.template_sealed.length]).toEqual(['revoked', 0]);
    const [item] = await officer().results(`${API}/biometric-templates/?student=${ids[0]}`);
    expect(item.deployments).toEqual([{ gateway: 'gw-a', state: 'removing' }]);
    expect(codeOf(await enroll(0))).toEqual([409, 'CONSENT_MISSING']);
    expect(codeOf(await student(0).post(`${API}/consents/${consent.id}/revoke/`))).toEqual([
      409,
      'INVALID_TRANSITION',
    ]);
    const audit: Body[] = await server.db
      .knex('attendance_audit_log')
      .where({ student_id: ids[0] })
      .whereIn('entity_type', ['consent', 'attendance_biometric_template'])
      .orderBy('id');
    expect(audit.map(({ action }) => action)).toEqual([
      'grant',
      'grant',
      'enrollment_allowed',
      'revoke',
      'revoke',
      'read',
    ]);
  });

  it('F3: somebody of 17 cannot consent to fingerprints alone; a guardian can, and only for the own child', async () => {
    const { knex } = server.db;
    const [parent, stranger] = await knex('guardian')
      .insert([{ full_name: 'P' }, { full_name: 'S' }])
      .returning('id');
    await knex('guardianship').insert([
      { guardian_id: parent.id, student_id: ids[1] },
      { guardian_id: stranger.id, student_id: ids[2] },
    ]);
    expect(codeOf(await student(1).post(`${API}/consents/`, consentOf(1)))).toEqual([409, 'GUARDIAN_NEEDED']);
    await bornOn(1, '2008-07-08');
    expect(codeOf(await student(1).post(`${API}/consents/`, consentOf(1)))).toEqual([409, 'GUARDIAN_NEEDED']);
    const by = (guardian: string) => consentOf(1, { actor: 'guardian', guardian });
    const asStranger = server.as('guardian', { guardian: stranger.id });
    expect(codeOf(await asStranger.post(`${API}/consents/`, by(stranger.id)))).toEqual([404, 'NOT_FOUND']);
    const asParent = server.as('guardian', { guardian: parent.id });
    expect(codeOf(await asParent.post(`${API}/consents/`, by(stranger.id)))).toEqual([403, 'FORBIDDEN']);
    expect(codeOf(await asParent.post(`${API}/consents/`, consentOf(1)))).toEqual([403, 'FORBIDDEN']);
    expect((await asParent.post(`${API}/consents/`, by(parent.id))).status).toBe(201);
    expect((await enroll(1)).status).toBe(200);
    expect(codeOf(await asParent.post(`${API}/consents/`, by(parent.id)))).toEqual([409, 'ALREADY_EXISTS']);
    expect([isAdult('2008-07-08', '2026-07-07'), isAdult('2008-07-07', '2026-07-07')]).toEqual([false, true]);
    expect([isAdult('2008-02-29', '2026-02-28'), isAdult('2008-02-29', '2026-03-01')]).toEqual([false, true]);
  });

  it('F3: nobody consents to fingerprints for somebody of age, and what a guardian said ends at 18', async () => {
    const { knex } = server.db;
    const [parent] = await knex('guardian').insert({ full_name: 'Of a grown-up' }).returning('id');
    await knex('guardianship').insert({ guardian_id: parent.id, student_id: ids[3] });
    const asParent = server.as('guardian', { guardian: parent.id });
    const byGuardian = consentOf(3, { actor: 'guardian', guardian: parent.id });
    await bornOn(3, '2008-07-08');
    expect((await asParent.post(`${API}/consents/`, byGuardian)).status).toBe(201);
    expect((await enroll(3)).status).toBe(200);
    await bornOn(3, '2008-07-07');
    expect(codeOf(await enroll(3))).toEqual([409, 'CONSENT_MISSING']);
    const { body: own } = await student(3).post(`${API}/consents/`, consentOf(3));
    expect((await enroll(3)).body).toMatchObject({ consent: own.id });
    await bornOn(4, '2007-01-01');
    await knex('guardianship').insert({ guardian_id: parent.id, student_id: ids[4] });
    const late = consentOf(4, { actor: 'guardian', guardian: parent.id });
    expect(codeOf(await asParent.post(`${API}/consents/`, late))).toEqual([403, 'FORBIDDEN']);
    expect(codeOf(await officer().post(`${API}/consents/`, { ...(late as Body), channel: 'paper' }))).toEqual(
      [403, 'FORBIDDEN'],
    );
    expect(
      (await asParent.post(`${API}/consents/`, { ...(late as Body), purpose: 'attendance' })).status,
    ).toBe(201);
  });

  it('cases 156, 157: others neither see nor give it; the office records paper, and never pretends to be the page', async () => {
    const [consent] = await student(1).results(`${API}/consents/`);
    expect(await student(2).results(`${API}/consents/`)).toEqual([]);
    expect(codeOf(await student(2).post(`${API}/consents/${consent.id}/revoke/`))).toEqual([
      404,
      'NOT_FOUND',
    ]);
    expect(codeOf(await student(2).post(`${API}/consents/`, consentOf(1)))).toEqual([404, 'NOT_FOUND']);
    const other = consentOf(2, { purpose: 'location' });
    expect(codeOf(await officer().post(`${API}/consents/`, other))).toEqual([403, 'FORBIDDEN']);
    expect((await officer().post(`${API}/consents/`, { ...other, channel: 'paper' })).status).toBe(201);
    for (const role of ['faculty', 'exam_branch', 'coordinator', 'lab_technician', 'hod'] as const) {
      expect(codeOf(await server.as(role).get(`${API}/biometric-templates/`))).toEqual([403, 'FORBIDDEN']);
      expect(codeOf(await server.as(role).post(`${API}/consents/`, other))).toEqual([403, 'FORBIDDEN']);
    }
    for (const role of ['admin', 'dpo', 'student'] as const) {
      const body = { student: ids[1], finger_position: 2 };
      expect(codeOf(await server.as(role).post(`${API}/biometric-templates/enroll/`, body))).toEqual([
        403,
        'FORBIDDEN',
      ]);
    }
  });

  it('a template is revoked by itself, and no answer has its bytes', async () => {
    const [consent] = await student(1).results(`${API}/consents/?purpose=fingerprint`);
    const template = await storeTemplate(1, consent.id);
    expect((await enroll(1)).body.replaces).toBe(template);
    const list = await officer().get(`${API}/biometric-templates/`);
    expect(JSON.stringify(list.body)).not.toMatch(/sealed|template"/);
    const address = `${API}/biometric-templates/${template}/revoke/`;
    expect(codeOf(await officer().post(address, {}))).toEqual([400, 'REQUEST_INVALID']);
    expect((await officer().post(address, { reason: 'worn finger' })).body.state).toBe('revoked');
    expect(codeOf(await officer().post(address, { reason: 'again' }))).toEqual([409, 'INVALID_TRANSITION']);
  });

  it.each([
    { purpose: 'everything' },
    { actor: 'guardian' },
    { guardian: '00000000-0000-4000-8000-00000000dead' },
    { notice_sha256: 'x' },
    { notice_version: '' },
    { granted_at: '2020-01-01T00:00:00Z' },
    { student: "1' OR '1'='1" },
  ])('refuses %j', async (change) => {
    expect(codeOf(await student(0).post(`${API}/consents/`, consentOf(0, change)))).toEqual([
      400,
      'REQUEST_INVALID',
    ]);
  });
});
