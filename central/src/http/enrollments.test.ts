import type { EnrollmentProgress } from '@rollcall/protocol/enrollment';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { acknowledgeRoster } from '../devices/acknowledge-roster.js';
import { buildRosters } from '../devices/roster.js';
import { applyProgress, FINGER_CAPTURES_MAX } from '../enrollment/apply-progress.js';
import { TICKET_WITHIN_MS } from '../enrollment/consent-ticket.js';
import { ANSWER_WITHIN_MS, expireEnrollments, FINGER_WITHIN_MS } from '../enrollment/enrollment-state.js';
import { refuseEnrollment } from '../enrollment/refuse-enrollment.js';
import { rollNumber } from '../seed/test-campus.js';
import { type Answer, API, type Body, TestServer } from './test-server.js';

let server: TestServer;
let ids: string[];
beforeAll(async () => {
  server = await TestServer.start();
  ids = await server.db.knex('student').orderBy('roll_number').pluck('id');
});
beforeEach(async () => {
  const { knex } = server.db;
  await knex('template_deployment').delete();
  await knex('attendance_biometric_template').delete();
  await knex('enrollment').delete();
  await knex('exception_item').delete();
  await knex('consent').delete();
  server.commands.length = 0;
});
afterAll(() => server?.stop());

const officer = () => server.as('enrollment_officer');
const asGateway = (id = 'gw-a') => ({ authorization: `Basic ${btoa(`${id}:secret`)}` });

async function consentOf(student: number): Promise<string> {
  const [row] = await server.db
    .knex('consent')
    .insert({
      student_id: ids[student],
      purpose: 'fingerprint',
      actor: 'self',
      channel: 'office',
      notice_version: '2026-1',
      notice_sha256: Buffer.alloc(32),
      granted_at: new Date(server.clock.wallMs()),
    })
    .returning('id');
  return row.id;
}

const start = (change: object = {}): Promise<Answer> =>
  officer().post(`${API}/enrollments/`, {
    student: ids[0],
    gateway: 'gw-a',
    device: 'f101',
    fingers: [2, 7],
    ...change,
  });
const tell = (enrollmentId: string, progress: EnrollmentProgress, gatewayId = 'gw-a'): Promise<void> =>
  server.db.knex.transaction((trx) =>
    applyProgress(trx, { gatewayId, enrollmentId, progress, at: new Date(server.clock.wallMs()) }),
  );
const read = async (id: string): Promise<Body> => (await officer().get(`${API}/enrollments/${id}/`)).body;
/** Without it the scanner goes on taking impressions, and no attendance. */
const cancelOf = (id: string): object => ({
  topic: 'rollcall/v1/gw-a/down/cmd/enroll_cancel',
  args: { enrollment_id: id },
});
const upload = (enrollment: string, change: object = {}, template = 1): Promise<Answer> =>
  server.send(
    'PUT',
    `${API}/gateways/gw-a/templates/00000000-0000-4000-8000-00000000000${template}/`,
    {
      student_ref: rollNumber(0),
      finger_position: 2,
      format: 'rollcall-1',
      sealed: Buffer.from('sealed').toString('base64'),
      quality_score: 0.8,
      enrollment,
      ...change,
    },
    asGateway(),
  );

describe('an enrollment', () => {
  it('begins at a named scanner with the consent in force, and the gateway is told', async () => {
    const consent = await consentOf(0);
    const { status, body } = await start();
    expect(status).toBe(201);
    expect(body).toMatchObject({ state: 'requested', fingers: [2, 7], consent, captures: [], prompt: null });
    expect(server.commands).toMatchObject([
      {
        topic: 'rollcall/v1/gw-a/down/cmd/enroll',
        id: body.id,
        ttl_s: ANSWER_WITHIN_MS / 1_000,
        args: {
          enrollment_id: body.id,
          device_id: 'f101',
          student_ref: rollNumber(0),
          fingers: [2, 7],
        },
      },
    ]);
    // Whoever holds the gateway could enroll with it at any later time.
    expect(JSON.stringify(server.commands)).not.toContain(consent);
    const audited = await server.db.knex('attendance_audit_log').where({ entity_id: body.id }).first();
    expect(audited).toMatchObject({ entity_type: 'enrollment', action: 'begin', source: 'manual' });
  });

  it('is refused without a consent, at no scanner, and beside another one', async () => {
    expect((await start()).body.code).toBe('CONSENT_MISSING');
    await consentOf(0);
    expect((await start({ device: 'c101' })).body.code).toBe('NOT_FOUND');
    expect((await start({ gateway: 'gw-missing' })).body.code).toBe('NOT_FOUND');
    expect((await start({ fingers: [2, 2] })).status).toBe(400);
    expect(server.commands).toEqual([]);
    await start();
    const again = await start();
    expect([again.status, again.body.code]).toEqual([409, 'ENROLLMENT_BUSY']);
    await consentOf(1);
    expect((await start({ student: ids[1] })).body.code).toBe('ENROLLMENT_BUSY');
  });

  it('is for the officer alone; others see what they see of templates', async () => {
    await consentOf(0);
    const body = { student: ids[0], gateway: 'gw-a', device: 'f101', fingers: [2] };
    for (const role of ['admin', 'faculty', 'dpo', 'lab_technician'] as const) {
      expect((await server.as(role).post(`${API}/enrollments/`, body)).status).toBe(403);
    }
    const { body: mine } = await start();
    expect(
      (await server.as('student', { student: rollNumber(0) }).get(`${API}/enrollments/${mine.id}/`)).status,
    ).toBe(200);
    expect(
      (await server.as('student', { student: rollNumber(1) }).get(`${API}/enrollments/${mine.id}/`)).status,
    ).toBe(404);
    expect((await server.as('faculty', { faculty: 'F001' }).get(`${API}/enrollments/`)).status).toBe(403);
  });

  it('case 116: shows each capture with its quality and what to do better', async () => {
    await consentOf(0);
    const { id } = (await start()).body;
    await tell(id, { step: 'started' });
    await tell(id, { step: 'place', finger_position: 2, impression: 1, impressions: 3 });
    await tell(id, { step: 'rejected', finger_position: 2, reasons: ['too_dry'], quality: 20 });
    await tell(id, { step: 'captured', finger_position: 2, impression: 1, impressions: 3, quality: 72 });
    expect(await read(id)).toMatchObject({
      state: 'running',
      prompt: { step: 'captured', finger_position: 2, impression: 1, impressions: 3, quality: 72 },
      captures: [
        { number: 1, finger_position: 2, impression: null, quality: 20, reasons: ['too_dry'] },
        { number: 2, finger_position: 2, impression: 1, quality: 72, reasons: [] },
      ],
    });
  });

  it('keeps no more captures of a finger than a person would try, and none of another finger', async () => {
    await consentOf(0);
    const { id } = (await start({ fingers: [2] })).body;
    const rejected = (finger: number): EnrollmentProgress => ({
      step: 'rejected',
      finger_position: finger,
      reasons: ['moved'],
      quality: 20,
    });
    for (let turn = 0; turn <= FINGER_CAPTURES_MAX; turn += 1) {
      await tell(id, rejected(2));
    }
    await tell(id, rejected(9));
    const { captures, state } = await read(id);
    expect([captures.length, state]).toEqual([FINGER_CAPTURES_MAX, 'requested']);
    expect(new Set(captures.map((one: Body) => one.finger_position))).toEqual(new Set([2]));
  });

  it('case 115: fails for a finger of somebody else, whose name only the security officer reads', async () => {
    await consentOf(0);
    const { id } = (await start()).body;
    await tell(id, { step: 'started' });
    const failed = { step: 'failed', finger_position: 2, code: 'DUPLICATE_BIOMETRIC' } as const;
    await tell(id, { ...failed, student_ref: rollNumber(3) });
    const item = await read(id);
    expect(item).toMatchObject({ state: 'failed', code: 'DUPLICATE_BIOMETRIC' });
    expect(JSON.stringify(item)).not.toContain(rollNumber(3));
    const seenBy = async (role: 'security_officer' | 'admin' | 'lab_technician'): Promise<string> =>
      JSON.stringify(await server.as(role).results(`${API}/exception-items/`));
    const told = await seenBy('security_officer');
    expect(told).toContain(rollNumber(0));
    expect(told).toContain(rollNumber(3));
    for (const role of ['admin', 'lab_technician'] as const) {
      expect(await seenBy(role)).not.toContain('DUPLICATE_BIOMETRIC');
    }
  });

  it('believes only its own gateway, and nothing after its end', async () => {
    await consentOf(0);
    const { id } = (await start()).body;
    await tell(id, { step: 'started' }, 'gw-b');
    expect((await read(id)).state).toBe('requested');
    const cancelled = await officer().post(`${API}/enrollments/${id}/cancel/`);
    expect(cancelled.body.state).toBe('cancelled');
    expect(server.commands.at(-1)).toMatchObject(cancelOf(id));
    await tell(id, { step: 'started' });
    expect(await read(id)).toMatchObject({ state: 'cancelled', prompt: null });
    const again = await officer().post(`${API}/enrollments/${id}/cancel/`);
    expect([again.status, again.body.code]).toEqual([409, 'INVALID_TRANSITION']);
  });

  it('keeps what was told before its last template came, which travels faster, and stays done', async () => {
    await consentOf(0);
    const { id } = (await start({ fingers: [2] })).body;
    await tell(id, { step: 'started' });
    expect((await upload(id)).status).toBe(200);
    const { ended_at, state } = await read(id);
    expect(state).toBe('done');
    await tell(id, { step: 'captured', finger_position: 2, impression: 3, impressions: 3, quality: 72 });
    const template_id = '00000000-0000-4000-8000-000000000001';
    await tell(id, { step: 'kept', finger_position: 2, template_id, quality: 72 });
    for (const step of ['started', 'cancelled'] as const) await tell(id, { step });
    await tell(id, { step: 'failed', code: 'ENROLLMENT_ABORTED' });
    expect(await read(id)).toMatchObject({
      state: 'done',
      ended_at,
      code: null,
      prompt: { step: 'kept', finger_position: 2 },
      captures: [{ impression: 3, quality: 72 }],
    });
  });

  it('fails with the words of a gateway that cannot begin', async () => {
    await consentOf(0);
    const { id } = (await start()).body;
    const at = new Date(server.clock.wallMs());
    const error = { code: 'ENROLLMENT_BUSY', message: 'Another one goes on' };
    await refuseEnrollment(server.db.knex, { gatewayId: 'gw-b', id, error, at });
    await refuseEnrollment(server.db.knex, { gatewayId: 'gw-a', id: 'c-1', error, at });
    expect((await read(id)).state).toBe('requested');
    await refuseEnrollment(server.db.knex, { gatewayId: 'gw-a', id, error, at });
    expect(await read(id)).toMatchObject({
      state: 'failed',
      code: 'ENROLLMENT_BUSY',
      message: error.message,
    });
  });

  it('expires when nobody begins or finishes it, and makes room', async () => {
    await consentOf(0);
    const { id } = (await start()).body;
    const expire = () =>
      server.db.knex.transaction((trx) => expireEnrollments(trx, new Date(server.clock.wallMs())));
    expect(await expire()).toBe(0);
    await tell(id, { step: 'started' });
    server.clock.stepWall(ANSWER_WITHIN_MS + 1);
    expect(await expire()).toBe(0);
    server.clock.stepWall(2 * FINGER_WITHIN_MS);
    // Even before anybody notes it.
    expect((await start()).status).toBe(201);
    expect((await read(id)).state).toBe('expired');
  });

  it('does not begin when its gateway answers too late, whether or not that was noted', async () => {
    await consentOf(0);
    const { id, expires_at } = (await start()).body;
    server.clock.stepWall(ANSWER_WITHIN_MS);
    await tell(id, { step: 'started' });
    expect(await read(id)).toMatchObject({ state: 'requested', started_at: null, expires_at });
  });

  it('ends with the consent: nothing is taken any more', async () => {
    const consent = await consentOf(0);
    const { id } = (await start()).body;
    await tell(id, { step: 'started' });
    expect((await officer().post(`${API}/consents/${consent}/revoke/`)).status).toBe(200);
    expect(await read(id)).toMatchObject({ state: 'cancelled', code: 'CONSENT_MISSING' });
    expect(server.commands.at(-1)).toMatchObject(cancelOf(id));
    expect(server.commands).toHaveLength(2);
    expect((await upload(id)).body.code).toBe('ENROLLMENT_ENDED');
  });

  it('is listed newest first, in pages', async () => {
    await consentOf(0);
    const made: string[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      server.clock.stepWall(1_000);
      const { id } = (await start()).body;
      made.unshift(id);
      await officer().post(`${API}/enrollments/${id}/cancel/`);
    }
    const first = (await officer().get(`${API}/enrollments/?limit=2`)).body;
    const rest = (await officer().get(`${API}/enrollments/?limit=2&cursor=${first.next}`)).body;
    expect([...first.results, ...rest.results].map((item: Body) => item.id)).toEqual(made);
    expect((await officer().get(`${API}/enrollments/?state=running`)).body.results).toEqual([]);
  });
});

describe('the command line of a gateway', () => {
  const open = (change: object = {}, gateway = 'gw-a', login = 'gw-a') =>
    server.send(
      'POST',
      `${API}/gateways/${gateway}/enrollments/`,
      { student_ref: rollNumber(0), device_id: 'f101', fingers: [2], ...change },
      asGateway(login),
    );

  it('opens an enrollment with the id of the consent in force, and a new one in place of its own', async () => {
    const consent = await consentOf(0);
    const { status, body } = await open({ consent });
    expect(status).toBe(201);
    expect(await read(body.enrollment)).toMatchObject({ state: 'running', requested_by: null });
    const second = (await open({ consent })).body.enrollment;
    expect((await read(body.enrollment)).state).toBe('cancelled');
    expect((await upload(second)).status).toBe(200);
    expect((await read(second)).state).toBe('done');
  });

  it('is served by the id of a consent for a short while only: a gateway can keep what was typed at it', async () => {
    const consent = await consentOf(0);
    const first = (await open({ consent })).body.enrollment;
    server.clock.stepWall(TICKET_WITHIN_MS - 1);
    const second = await open({ consent });
    expect(second.status).toBe(201);
    expect((await read(first)).state).toBe('cancelled');
    server.clock.stepWall(1);
    for (const fingers of [[2], [3]]) {
      const late = await open({ consent, fingers });
      expect([late.status, late.body.code]).toEqual([409, 'ENROLLMENT_ENDED']);
    }
    expect((await read(second.body.enrollment)).state).toBe('running');
  });

  it('never replaces a finger that is enrolled', async () => {
    const consent = await consentOf(0);
    const { id } = (await start({ fingers: [2] })).body;
    expect((await upload(id)).status).toBe(200);
    for (const fingers of [[2], [7, 2]]) {
      const refused = await open({ consent, fingers });
      expect([refused.status, refused.body.code]).toEqual([409, 'ALREADY_EXISTS']);
    }
    expect((await open({ consent, fingers: [7] })).status).toBe(201);
  });

  it('opens none for a consent that it guesses, for nobody, or in the name of another gateway', async () => {
    const guess = '00000000-0000-4000-8000-000000000009';
    expect((await open({ consent: guess })).body.code).toBe('CONSENT_MISSING');
    const consent = await consentOf(0);
    expect((await open({ consent: guess })).body.code).toBe('CONSENT_MISSING');
    expect((await open({ consent, student_ref: 'nobody' })).status).toBe(404);
    expect((await open({ consent }, 'gw-b')).status).toBe(404);
    expect(await server.db.knex('enrollment').pluck('id')).toEqual([]);
  });

  it('tells how it goes on, and of a finger of somebody else, for its own enrollments only', async () => {
    const consent = await consentOf(0);
    const { enrollment } = (await open({ consent })).body;
    const report = (progress: EnrollmentProgress, login = 'gw-a', gateway = 'gw-a') =>
      server.send(
        'POST',
        `${API}/gateways/${gateway}/enrollments/${enrollment}/progress/`,
        { progress },
        asGateway(login),
      );
    expect((await report({ step: 'cancelled' }, 'gw-a', 'gw-b')).status).toBe(404);
    await report({ step: 'captured', finger_position: 2, impression: 1, impressions: 3, quality: 81 });
    expect((await read(enrollment)).captures).toMatchObject([{ impression: 1, quality: 81 }]);
    await report({ step: 'failed', code: 'DUPLICATE_BIOMETRIC', student_ref: rollNumber(3) });
    expect((await read(enrollment)).state).toBe('failed');
    expect(await server.db.knex('exception_item').pluck('code')).toEqual(['DUPLICATE_BIOMETRIC']);
  });

  it('has no word in an enrollment of an officer', async () => {
    await consentOf(0);
    const { id } = (await start()).body;
    const accused = { step: 'failed', code: 'DUPLICATE_BIOMETRIC', student_ref: rollNumber(3) };
    const path = `${API}/gateways/gw-a/enrollments/${id}/progress/`;
    const answer = await server.send('POST', path, { progress: accused }, asGateway());
    expect([answer.status, answer.body.code]).toEqual([404, 'NOT_FOUND']);
    expect((await read(id)).state).toBe('requested');
    expect(await server.db.knex('exception_item').pluck('code')).toEqual([]);
  });

  it('does not push an officer aside', async () => {
    const consent = await consentOf(0);
    await start();
    expect((await open({ consent })).body.code).toBe('ENROLLMENT_BUSY');
  });
});

describe("a student's fingers", () => {
  it('are shown with their gateways, and deleted everywhere with acknowledgements', async () => {
    await consentOf(0);
    const { id } = (await start({ fingers: [2] })).body;
    await upload(id);
    const path = `${API}/students/${ids[0]}/fingers/`;
    const { body: before } = await officer().get(path);
    expect(before).toMatchObject({
      student: { roll_number: rollNumber(0) },
      fingers: [
        { finger_position: 2, quality_score: 0.8, deployments: [{ gateway: 'gw-a', state: 'pushed' }] },
      ],
      last_recognized_at: null,
      awaited: [],
    });
    await buildRosters(server.db, new Date(server.clock.wallMs()));
    const { status, body: after } = await officer().post(`${path}delete/`, { reason: 'left the college' });
    expect([status, after.fingers]).toEqual([200, []]);
    expect(after.awaited).toMatchObject([{ finger_position: 2, gateway: 'gw-a' }]);
    const gallery = async (): Promise<Body> =>
      (await officer().results(`${API}/galleries/`)).find(({ gateway }) => gateway === 'gw-a');
    expect(await gallery()).toMatchObject({ held: 0, on_the_way: 0, to_remove: 1 });
    server.clock.stepWall(1_000);
    const rosters = await buildRosters(server.db, new Date(server.clock.wallMs()));
    const version = rosters.find(({ gatewayId }) => gatewayId === 'gw-a')?.pointer.version ?? 0;
    const at = new Date(server.clock.wallMs());
    await server.db.knex.transaction((trx) => acknowledgeRoster(trx, { gatewayId: 'gw-a', version, at }));
    expect((await officer().get(path)).body.awaited).toEqual([]);
    expect(await gallery()).toMatchObject({ to_remove: 0, roster_version: version });
    const bytes = await server.db.knex('attendance_biometric_template').first('template_sealed');
    expect(bytes.template_sealed).toHaveLength(0);
  });

  it('are deleted together with an enrollment under way, which brings none back', async () => {
    await consentOf(0);
    const { id } = (await start()).body;
    await officer().post(`${API}/students/${ids[0]}/fingers/delete/`, { reason: 'asked for it' });
    expect((await read(id)).state).toBe('cancelled');
    expect(server.commands.at(-1)).toMatchObject(cancelOf(id));
    expect(server.commands).toHaveLength(2);
    expect((await upload(id)).body.code).toBe('ENROLLMENT_ENDED');
  });

  it('say when each was last recognized, as the punches tell', async () => {
    const { knex } = server.db;
    await consentOf(0);
    const { id } = (await start({ fingers: [2, 7] })).body;
    await upload(id);
    await upload(id, { finger_position: 7 }, 2);
    const [punch] = await knex('punch').where({ student_id: ids[0] }).limit(1);
    const usedAfter = async (minutes: number, finger: number | null): Promise<string> => {
      const at = new Date(server.clock.wallMs() + minutes * 60_000);
      await knex('punch').insert({
        ...punch,
        seq: 900_000 + minutes,
        punch_id: `019c2f6e-7a10-7000-8a2b-3c4d5e6f${String(minutes + 5_000).padStart(4, '0')}`,
        kind: 'finger',
        finger_position: finger,
        occurred_at: at,
        effective_at: at,
      });
      return at.toISOString();
    };
    await usedAfter(-60, 7);
    await usedAfter(1, 2);
    const right = await usedAfter(2, 2);
    const unsaid = await usedAfter(3, null);
    const { body } = await officer().get(`${API}/students/${ids[0]}/fingers/`);
    expect(body.last_recognized_at).toBe(unsaid);
    // Before it was enrolled anew it was another template.
    expect(body.fingers.map(({ last_used_at: at }: Body) => at)).toEqual([right, null]);
  });

  it('are nobody else’s to see', async () => {
    const path = `${API}/students/${ids[0]}/fingers/`;
    expect((await server.as('student', { student: rollNumber(0) }).get(path)).status).toBe(200);
    expect((await server.as('student', { student: rollNumber(1) }).get(path)).status).toBe(404);
    expect((await server.as('admin').post(`${path}delete/`, { reason: 'why not' })).status).toBe(403);
  });
});
