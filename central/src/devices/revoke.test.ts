import type { Health } from '@rollcall/protocol/health';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { API, at, type Body, TestServer } from '../http/test-server.js';
import { CampusGateway } from '../ingest/campus-gateway.js';
import { BOOT_A, BOOT_B } from '../ingest/test-gateway.js';
import { escalateWatermarksJob } from '../jobs/escalate-watermarks.js';
import { tellReaderOutagesJob } from '../jobs/tell-reader-outages.js';
import { silentLog } from '../log.js';
import { rollNumber } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { applyHealth } from './health.js';
import { buildRosters } from './roster.js';

let server: TestServer;
let gateway: CampusGateway;
let s1: string;

beforeEach(async () => {
  server = await TestServer.start();
  gateway = await CampusGateway.of(server);
  s1 = (await server.sessionOf('CS301')).id;
});
afterEach(async () => {
  await gateway?.stop();
  await server?.stop();
});

const context = () => ({ db: server.db, clock: server.clock, log: silentLog });
const revoke = (reason = 'stolen from the corridor') =>
  server.as('security_officer').post(`${API}/gateways/gw-a/revoke/`, { reason });
const shown = async (): Promise<Body> => (await server.results(`${API}/gateways/`))[0];
const told = (kind: string): Promise<Body[]> =>
  server.db
    .knex('notification as n')
    .join('account as a', 'a.id', 'n.account_id')
    .where({ kind })
    .select('n.*', 'a.login');
const markOf = async (student: number): Promise<string> => {
  await server.judge();
  const row = await server.db
    .knex('attendance_record as r')
    .join('student as st', 'st.id', 'r.student_id')
    .where({ session_id: s1, roll_number: rollNumber(student) })
    .first('r.mark');
  return row.mark;
};

async function health(bootId: string): Promise<void> {
  const now = new Date(server.clock.wallMs());
  const report: Health = {
    v: 1,
    as_of: now.toISOString(),
    boot_id: bootId,
    software: '0.1.0',
    uptime_s: 5,
    clock_state: 'synced',
    store_id: gateway.gateway.storeId,
    head_seq: 0,
    acked_seq: 0,
    oldest_unacked_at: null,
    level: 'ok',
    problems: [],
    disk: { free_bytes: 1, total_bytes: 2, hours_left: null },
    devices: [],
  };
  await applyHealth(server.db.knex, { gatewayId: 'gw-a', health: report, retained: false, at: now });
}

describe('a gateway that is stolen', () => {
  it('cases 84, 94: loses its keys and its login at once, is red on the page, and the act is audited', async () => {
    await health(BOOT_A);
    await gateway.tap(at('10:03'), { student: 3 });
    const answer = await revoke();
    expect(answer.body).toMatchObject({ state: 'offline', level: 'critical', problems: ['GATEWAY_REVOKED'] });
    // Its key is still in the cache of this ingest: the transaction itself asks.
    await gateway.tap(at('10:04'), { student: 4 });
    expect(await server.db.knex('punch').where({ store_id: gateway.gateway.storeId })).toHaveLength(1);
    expect([await markOf(3), await markOf(4)]).toEqual(['present', 'pending']);
    expect(gateway.acks.at(-1)?.ack.through_seq).toBe(1);
    await health(BOOT_A);
    expect((await shown()).state).toBe('offline');
    const authorization = `Basic ${Buffer.from('gw-a:secret').toString('base64')}`;
    const roster = await server.call('GET', `${API}/gateways/gw-a/roster/1/`, { headers: { authorization } });
    expect(roster.body.code).toBe('UNAUTHENTICATED');
    expect(await buildRosters(server.db, at('10:10'))).toEqual([]);
    const audit = await server.db.knex('attendance_audit_log').where({ entity_type: 'gateway' });
    expect(audit).toMatchObject([
      {
        action: 'revoke',
        reason: 'stolen from the corridor',
        actor_role: 'security_officer',
        before: { revoked_at: null },
      },
    ]);
    expect((await revoke()).body.code).toBe('INVALID_TRANSITION');
  });

  it('case 84: its templates are to be removed', async () => {
    const { knex } = server.db;
    const student = await knex('student')
      .where({ roll_number: rollNumber(3) })
      .first('id');
    const template = await storeTemplate(student.id);
    await knex('template_deployment').insert({ template_id: template, gateway_id: 'gw-a', state: 'acked' });
    await revoke();
    expect(await knex('template_deployment').pluck('state')).toEqual(['removing']);
  });

  it('case 94: faculty of the next classes in its rooms are told before them, once', async () => {
    await server.as('faculty', { faculty: 'F001' }).get(`${API}/campus/`);
    await revoke();
    expect((await told('readers_down')).map(({ body }) => body.course_code).sort()).toEqual([
      'CS301',
      'CS302',
    ]);
    await tellReaderOutagesJob.run(context());
    expect(await told('readers_down')).toHaveLength(2);
  });

  it('case 94: so are they where it is only not heard any more, and nobody is told of one that is', async () => {
    await server.as('faculty', { faculty: 'F001' }).get(`${API}/campus/`);
    await server.db
      .knex('gateway')
      .update({ state: 'online', last_seen_at: new Date(server.clock.wallMs()) });
    expect(await tellReaderOutagesJob.run(context())).toBeUndefined();
    server.goTo('10:30');
    expect(await tellReaderOutagesJob.run(context())).toBe('2 faculty members told');
  });

  it('case 84: classes that wait for it stay open and after 48 hours the head of the department is asked, who ends the wait', async () => {
    const { knex } = server.db;
    await knex('department').insert({ id: 'cse', campus_id: 'main', name: 'CSE' });
    await knex('section').where({ id: 'cse-a' }).update({ department_id: 'cse' });
    const head = server.as('hod', { department: 'cse' });
    await head.get(`${API}/campus/`);
    await revoke();
    server.goTo('10:56');
    await advanceSessions(knex, server.clock.wallMs());
    server.clock.stepWall(47 * 3_600_000);
    await advanceSessions(knex, server.clock.wallMs());
    await escalateWatermarksJob.run(context());
    expect(await told('watermark_overdue')).toEqual([]);
    server.clock.stepWall(3_600_000);
    await escalateWatermarksJob.run(context());
    expect(await told('watermark_overdue')).toMatchObject([
      { subject_id: s1, body: { choices: ['bulk-mark', 'not-held', 'finalize'] } },
    ]);
    expect((await head.get(`${API}/sessions/${s1}/`)).body.status).toBe('closed');
    const ended = await head.post(`${API}/sessions/${s1}/finalize/`, {
      decision: 'use_roll',
      reason: 'gateway stolen',
    });
    expect(ended.body).toMatchObject({ status: 'finalized' });
    expect(await markOf(4)).toBe('absent');
  });

  it('refuses whoever may not, one that is not there, and an act without a reason', async () => {
    const url = `${API}/gateways/gw-a/revoke/`;
    const answers = await Promise.all([
      server.as('lab_technician').post(url, { reason: 'why not' }),
      server.as('student', { student: rollNumber(3) }).post(url, { reason: 'why not' }),
      server.post(`${API}/gateways/gw-z/revoke/`, { reason: 'why not' }),
      server.post(url, {}),
    ]);
    expect(answers.map(({ body }) => body.code)).toEqual([
      'FORBIDDEN',
      'FORBIDDEN',
      'NOT_FOUND',
      'REQUEST_INVALID',
    ]);
    expect((await shown()).revoked_at).toBeNull();
  });
});

describe('a gateway whose identity two machines use', () => {
  it('case 95: neither is dropped and neither is believed: what they send waits for a person, until one is trusted', async () => {
    await health(BOOT_A);
    await gateway.tap(at('10:01'), { student: 2 });
    await health(BOOT_B);
    expect((await shown()).suspended_at).toBeNull();
    await health(BOOT_A);
    expect(await shown()).toMatchObject({ level: 'critical', problems: ['GATEWAY_CLONED'] });
    await gateway.tap(at('10:03'), { student: 3 });
    expect(gateway.acks.at(-1)?.ack.through_seq).toBe(2);
    expect([await markOf(2), await markOf(3)]).toEqual(['present', 'pending']);
    const [batch] = await server.results(`${API}/review-batches/?state=open`);
    expect(batch).toMatchObject({ events: 1, sessions: 1, undecided: 1 });
    const decision = { decision: 'accept', reason: 'the seal is whole' };
    await server.post(`${API}/review-batches/${batch.id}/decide/`, decision);
    expect(await markOf(3)).toBe('present');
    const trusted = await server.post(`${API}/gateways/gw-a/trust/`, { reason: 'the copy was destroyed' });
    expect(trusted.body).toMatchObject({ suspended_at: null, problems: [] });
    await gateway.tap(at('10:04'), { student: 4 });
    expect(await markOf(4)).toBe('present');
    expect((await server.post(`${API}/gateways/gw-a/trust/`, { reason: 'again' })).body.code).toBe(
      'INVALID_TRANSITION',
    );
  });

  it('case 95: two contents under one sequence number keep the first, with an alarm', async () => {
    const row = gateway.punch(at('10:03'), { student: 3 });
    await gateway.send('punch', [row]);
    await gateway.send('punch', [{ ...row, occurred_at: at('10:04').toISOString() }]);
    const alarms = await server.db.knex('exception_item').pluck('code');
    expect(alarms).toContain('EVENT_ID_CONFLICT');
  });
});

async function storeTemplate(studentId: string): Promise<string> {
  const { knex } = server.db;
  const [consent] = await knex('consent')
    .insert({
      student_id: studentId,
      purpose: 'fingerprint',
      actor: 'self',
      channel: 'office',
      notice_version: '1',
      notice_sha256: Buffer.alloc(32),
      granted_at: at('09:00'),
    })
    .returning('id');
  const [template] = await knex('attendance_biometric_template')
    .insert({
      student_id: studentId,
      consent_id: consent.id,
      finger_position: 2,
      format: 'iso',
      template_sealed: Buffer.alloc(8),
      key_id: 'k',
      quality_score: 0.9,
    })
    .returning('id');
  return template.id;
}
