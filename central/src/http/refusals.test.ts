import { RollcallError } from '@rollcall/protocol/errors';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import type { Request, Response } from 'express';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { silentLog } from '../log.js';
import { rollNumber } from '../seed/test-campus.js';
import { notedRefusals } from './noted-refusals.test-support.js';
import { createRefusals, REST_MS, type Refusal, WAIT_MS } from './refusals.js';
import { API, TestServer } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server?.stop());

const rows = (reason: string) =>
  server.db.knex('attendance_audit_log').where({ action: 'refused', reason }).orderBy('id');

describe('a refused attempt', () => {
  it('case 104: of a check-in with the phone of somebody else is kept with the scan, and nowhere else', async () => {
    server.goTo('10:12');
    const { id } = await server.sessionOf('CS301');
    const faculty = server.as('faculty', { faculty: 'F001' });
    const { body } = await faculty.post(`${API}/sessions/${id}/generate-qr/`);
    const scan = { qr_token: body.qr_token, device_id: 'one-phone-of-two' };
    const answers = [];
    for (const student of [2, 3]) {
      const answer = await server
        .as('student', { student: rollNumber(student) })
        .post(`${API}/records/qr-checkin/`, scan);
      answers.push(answer.body.code ?? answer.status);
    }
    expect(answers).toEqual([200, 'DEVICE_ALREADY_USED']);
    expect(await server.db.knex('qr_scan').where({ outcome: 'refused' })).toHaveLength(1);
    expect(await rows('DEVICE_ALREADY_USED')).toEqual([]);
  });

  it('case 156: of somebody known has a row each time, also under one request id of the caller', async () => {
    const student = await server.authorization('student', { student: rollNumber(0) });
    const headers = { ...student, 'x-request-id': 'always-the-same' };
    for (let time = 0; time < 3; time += 1)
      expect((await server.post(`${API}/sessions/generate/`, {}, headers)).status).toBe(403);
    expect(await rows('FORBIDDEN')).toHaveLength(3);
  });

  it.each([
    'qr-scan',
    'qr-checkin',
    'QR-Scan',
    'QR-CHECKIN',
  ])('of a scan of a code that is over is only counted, at records/%s/ as well', async (name) => {
    const headers = await server.authorization('student', { student: rollNumber(1) });
    const was = (await notedRefusals(server)).get('QR_EXPIRED') ?? 0;
    const response = await fetch(server.url(`${API}/records/${name}/`), {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ qr_token: 'no code at all', device_id: 'phone-of-1' }),
    });
    expect(await response.json()).toMatchObject({ status: 409, code: 'QR_EXPIRED' });
    expect((await notedRefusals(server)).get('QR_EXPIRED')).toBe(was + 1);
    expect(await rows('QR_EXPIRED')).toEqual([]);
  });
});

describe('while the audit log cannot be written', () => {
  const clock = new ManualClock();
  const refusals = () => createRefusals({ db: server.db, clock, log: silentLog });
  const refused = (path: string): Refusal => ({
    error: new RollcallError('TOKEN_INVALID', 'Sign in again'),
    request: { method: 'POST', path, ip: '10.1.1.1', headers: {} } as Request,
    response: { locals: { route: path } } as unknown as Response,
  });
  const noted = async () => ({
    rows: (await rows('TOKEN_INVALID')).map(({ entity_id }) => entity_id),
    times: (
      await server.db
        .knex('attendance_audit_log')
        .where({ action: 'refused_repeatedly', ip_address: '10.1.1.1' })
    ).map(({ after }) => after.times.TOKEN_INVALID),
  });
  const forget = () => server.db.knex.raw('TRUNCATE attendance_audit_log');

  it('an answer waits a second; the row comes later, and what is refused meanwhile is counted at once', async () => {
    await forget();
    const { note, stop } = refusals();
    const holder = await server.db.knex.transaction();
    await holder.raw('LOCK TABLE attendance_audit_log IN SHARE MODE');
    let answered = false;
    const first = note(refused('/first')).then(() => {
      answered = true;
    });
    await vi.waitFor(async () => {
      const { rows: waiting } = await holder.raw(
        "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'attendance_audit_log'::regclass",
      );
      expect(waiting).toHaveLength(1);
    });
    expect(answered).toBe(false);
    clock.advance(WAIT_MS);
    await first;
    await note(refused('/second'));
    await holder.rollback();
    await stop();
    expect(await noted()).toEqual({ rows: ['POST /first'], times: [1] });
  });

  it('nothing is lost: a row and the numbers that failed go on being counted', async () => {
    await forget();
    const { note, stop } = refusals();
    await note(refused('/known'));
    await note(refused('/known'));
    const { knex } = server.db;
    await knex.raw('ALTER TABLE attendance_audit_log RENAME TO audit_log_away');
    await note(refused('/failed'));
    clock.advance(10 * 60_000);
    // The numbers are due by now, and fail too.
    await note(refused('/failed'));
    await knex.raw('ALTER TABLE audit_log_away RENAME TO attendance_audit_log');
    // So soon after a failure nothing is tried again, whoever is refused.
    await note(refused('/soon'));
    expect((await noted()).rows).toEqual(['POST /known']);
    clock.advance(REST_MS);
    await note(refused('/failed'));
    await stop();
    const { rows: own, times } = await noted();
    expect(own).toEqual(['POST /known', 'POST /failed']);
    expect(times.reduce((sum: number, one: number) => sum + one, 0)).toBe(4);
    expect(clock.pendingTimers).toBe(0);
  });
});
