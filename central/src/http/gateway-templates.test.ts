import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { acknowledgeTemplates } from '../devices/acknowledge-roster.js';
import { buildRosters } from '../devices/roster.js';
import { rollNumber } from '../seed/test-campus.js';
import { API, TestServer } from './test-server.js';

const FINGER = 2;
const SEALED = Buffer.from('opened by gateways only').toString('base64');

let server: TestServer;
let ids: string[];
let consent: string;
let enrollment: string;
beforeAll(async () => {
  server = await TestServer.start();
  ids = await server.db.knex('student').orderBy('roll_number').pluck('id');
});
beforeEach(async () => {
  const { knex } = server.db;
  await knex('template_deployment').delete();
  await knex('attendance_biometric_template').delete();
  await knex('enrollment').delete();
  await knex('consent').delete();
  const [row] = await knex('consent')
    .insert({
      student_id: ids[0],
      purpose: 'fingerprint',
      actor: 'self',
      channel: 'office',
      notice_version: '2026-1',
      notice_sha256: Buffer.alloc(32),
      granted_at: new Date(server.clock.wallMs()),
    })
    .returning('id');
  consent = row.id;
  enrollment = await openEnrollment();
});
afterAll(() => server?.stop());

/** One that goes on at the scanner of the test campus. */
async function openEnrollment(change: object = {}): Promise<string> {
  const nowMs = server.clock.wallMs();
  const [row] = await server.db
    .knex('enrollment')
    .insert({
      student_id: ids[0],
      consent_id: consent,
      gateway_id: 'gw-a',
      device_id: 'f101',
      fingers: [FINGER, 7],
      state: 'running',
      requested_at: new Date(nowMs),
      started_at: new Date(nowMs),
      expires_at: new Date(nowMs + 600_000),
      ...change,
    })
    .returning('id');
  return row.id;
}

const asGateway = (id = 'gw-a') => ({ authorization: `Basic ${btoa(`${id}:secret`)}` });
const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const uploadOf = (change: object = {}): object => ({
  student_ref: rollNumber(0),
  finger_position: FINGER,
  format: 'rollcall-1',
  sealed: SEALED,
  quality_score: 0.8,
  enrollment,
  ...change,
});
const upload = (number: number, change: object = {}, gateway = 'gw-a') =>
  server.send('PUT', `${API}/gateways/${gateway}/templates/${idOf(number)}/`, uploadOf(change), asGateway());
const fetchIds = (ids: string[], gateway = 'gw-a') =>
  server.send('POST', `${API}/gateways/${gateway}/templates/fetch/`, { ids }, asGateway());
const audited = (action: string): Promise<{ entity_id: string; performed_by: string }[]> =>
  server.db.knex('attendance_audit_log').where({ entity_type: 'attendance_biometric_template', action });

describe('a template that a gateway has enrolled', () => {
  it('is kept sealed, offered to every gateway, and audited', async () => {
    const answer = await upload(1);
    expect([answer.status, answer.body]).toEqual([200, { template_id: idOf(1), replaces: null }]);
    const row = await server.db
      .knex('attendance_biometric_template')
      .where({ id: idOf(1) })
      .first();
    expect(row).toMatchObject({
      finger_position: FINGER,
      format: 'rollcall-1',
      state: 'active',
      consent_id: consent,
    });
    // Neither what a gateway sealed nor what is in it can be read from the database.
    expect(row.template_sealed.toString('latin1')).not.toContain('opened by gateways');
    const gateways = await server.db.knex('gateway').whereNull('revoked_at').orderBy('id').pluck('id');
    const deployments = await server.db.knex('template_deployment').orderBy('gateway_id');
    expect(deployments.map(({ gateway_id }) => gateway_id)).toEqual(gateways);
    expect(await audited('enroll')).toMatchObject([{ entity_id: idOf(1), performed_by: 'gateway:gw-a' }]);
  });

  it('is sent to gateways as it was sealed, and deployed once they say so', async () => {
    await upload(1);
    expect((await fetchIds([idOf(1), idOf(7)])).body).toEqual({
      templates: [
        {
          template_id: idOf(1),
          student_ref: rollNumber(0),
          finger_position: FINGER,
          format: 'rollcall-1',
          sealed: SEALED,
        },
      ],
    });
    const rosters = await buildRosters(server.db, new Date(server.clock.wallMs()));
    const version = rosters.find(({ gatewayId }) => gatewayId === 'gw-a')?.pointer.version ?? 0;
    const { knex } = server.db;
    const at = new Date(server.clock.wallMs());
    const states = () => knex('template_deployment').where({ gateway_id: 'gw-a' }).pluck('state');
    await acknowledgeTemplates(knex, { gatewayId: 'gw-a', version: version - 1, at });
    expect(await states()).toEqual(['pushed']);
    await acknowledgeTemplates(knex, { gatewayId: 'gw-a', version, at });
    expect(await states()).toEqual(['acked']);
  });

  it('replaces the older one of the same finger, whose bytes are gone', async () => {
    await upload(1);
    expect((await upload(2)).body).toEqual({ template_id: idOf(2), replaces: idOf(1) });
    const old = await server.db
      .knex('attendance_biometric_template')
      .where({ id: idOf(1) })
      .first();
    expect([old.state, old.template_sealed.length]).toEqual(['revoked', 0]);
    expect((await fetchIds([idOf(1), idOf(2)])).body.templates).toHaveLength(1);
  });

  it('changes nothing when it comes again, and an id is never used for another finger', async () => {
    await upload(1);
    const { length: before } = await audited('enroll');
    expect((await upload(1)).status).toBe(200);
    expect(await audited('enroll')).toHaveLength(before);
    expect(await server.db.knex('attendance_biometric_template').pluck('id')).toEqual([idOf(1)]);
    const other = await upload(1, { finger_position: 7 });
    expect([other.status, other.body['code']]).toEqual([409, 'ALREADY_EXISTS']);
  });

  it('is refused without the consent that the enrollment began with', async () => {
    await server.db.knex('consent').update({ revoked_at: new Date(server.clock.wallMs() + 1) });
    const withdrawn = await upload(1);
    expect([withdrawn.status, withdrawn.body['code']]).toEqual([409, 'CONSENT_MISSING']);
    const { id: _old, ...given } = await server.db.knex('consent').first();
    await server.db.knex('consent').insert({ ...given, revoked_at: null });
    const another = await upload(1);
    expect([another.status, another.body['code']]).toEqual([409, 'CONSENT_MISSING']);
    expect(await server.db.knex('attendance_biometric_template').pluck('id')).toEqual([]);
  });

  it('case 118: is refused of a student who has become exempt since the enrollment began', async () => {
    const { knex } = server.db;
    const { student_id } = await knex('consent').first('student_id');
    await knex('finger_exemption').insert({
      student_id,
      way: 'card_pin',
      valid_from: '2026-07-01',
      granted_at: new Date(server.clock.wallMs()),
    });
    const refused = await upload(1);
    expect([refused.status, refused.body['code']]).toEqual([409, 'FINGER_EXEMPT']);
    expect(await knex('attendance_biometric_template').pluck('id')).toEqual([]);
    await knex('finger_exemption').delete();
  });

  it.each([
    ['that nobody asked for', () => ({ enrollment: idOf(8) })],
    ['of another finger', () => ({ finger_position: 3 })],
    ['of another student', () => ({ student_ref: rollNumber(1) })],
  ])('is refused from an enrollment %s', async (_what, change) => {
    const answer = await upload(1, change());
    expect([answer.status, answer.body['code']]).toEqual([409, 'ENROLLMENT_ENDED']);
    expect(await server.db.knex('attendance_biometric_template').pluck('id')).toEqual([]);
  });

  it('is refused from an enrollment that is over, expired or of another gateway', async () => {
    const { knex } = server.db;
    const past = new Date(server.clock.wallMs() - 1);
    await knex('gateway').insert({ id: 'gw-z', building_id: 'block-a', name: 'Z' }).onConflict().ignore();
    const closed = { ended_at: past, state: 'cancelled' };
    for (const change of [{ expires_at: past }, { gateway_id: 'gw-z' }, closed]) {
      await knex('enrollment').where({ id: enrollment }).update(change);
      const answer = await upload(1);
      expect([answer.status, answer.body['code']], JSON.stringify(change)).toEqual([409, 'ENROLLMENT_ENDED']);
      await knex('enrollment').delete();
      enrollment = await openEnrollment();
    }
    await knex('gateway').where({ id: 'gw-z' }).delete();
  });

  it('ends the enrollment with the last finger, and may come again after that', async () => {
    const state = () => server.db.knex('enrollment').where({ id: enrollment }).first('state');
    await upload(1);
    expect(await state()).toEqual({ state: 'running' });
    await upload(2, { finger_position: 7, quality_score: null });
    expect(await state()).toEqual({ state: 'done' });
    expect((await upload(2, { finger_position: 7 })).status).toBe(200);
    expect((await upload(3, { finger_position: 7 })).body['code']).toBe('ENROLLMENT_ENDED');
  });

  it('takes the place of one of its own format only: another family of scanners keeps its own', async () => {
    await upload(1);
    expect((await upload(2, { format: 'ef01-1234-512' })).body).toMatchObject({ replaces: null });
    expect((await upload(3)).body).toMatchObject({ replaces: idOf(1) });
    const active = await server.db
      .knex('attendance_biometric_template')
      .where({ state: 'active' })
      .orderBy('id');
    expect(active.map(({ id }) => id)).toEqual([idOf(2), idOf(3)]);
  });

  it('is nobody else’s: another gateway’s path does not exist, and the attempt is audited', async () => {
    await upload(1);
    expect((await upload(2, {}, 'gw-b')).status).toBe(404);
    expect((await fetchIds([idOf(1)], 'gw-b')).status).toBe(404);
    const refused = await server.db
      .knex('attendance_audit_log')
      .where({ action: 'refused', performed_by: 'gateway:gw-a' });
    expect(refused.length).toBeGreaterThanOrEqual(2);
  });

  it.each([
    ['an unknown student', { student_ref: 'nobody' }, 404],
    ['a finger that nobody has', { finger_position: 11 }, 400],
    ['what is not Base64', { sealed: '***' }, 400],
    ['nothing', { sealed: '' }, 400],
    ['too much', { sealed: 'A'.repeat(65_540) }, 400],
    ['a format that is a path', { format: '../x' }, 400],
  ])('refuses %s, and keeps nothing', async (_what, change, status) => {
    expect((await upload(1, change)).status).toBe(status);
    expect(await server.db.knex('attendance_biometric_template').pluck('id')).toEqual([]);
  });
});
