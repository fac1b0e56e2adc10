import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMessageRouter } from '../devices/messages.js';
import { TERMINAL_COMMAND_TTL_S } from '../devices/terminal-commands.js';
import { silentLog } from '../log.js';
import { rollNumber } from '../seed/test-campus.js';
import { API, TestServer } from './test-server.js';

const TERMINAL = `${API}/gateways/gw-a/devices/c101/user-commands/`;
const RESPONSE_TOPIC = 'rollcall/v1/gw-a/up/rsp/terminal_user';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
beforeEach(async () => {
  await server.db.knex('terminal_command').delete();
  server.commands.length = 0;
});
afterAll(() => server?.stop());

/** As a gateway answers, through the messages that central takes. */
async function answer(body: object, topic = RESPONSE_TOPIC): Promise<void> {
  const router = createMessageRouter({
    db: server.db,
    clock: server.clock,
    log: silentLog,
    ingest: { accept: () => Promise.reject(new Error('no batch comes here')) } as never,
    requestReplay: () => undefined,
  });
  await router.handle({ topic, payload: Buffer.from(JSON.stringify({ v: 1, ...body })), retained: false });
  router.stop();
}

const put = (student = rollNumber(0)) => server.post(TERMINAL, { action: 'put', student });
const audits = (id: string) =>
  server.db
    .knex('attendance_audit_log')
    .where({ entity_type: 'terminal_command', entity_id: id })
    .orderBy('id');

describe('users of a terminal', () => {
  it('whose fingers are deleted, or whose consent ends, are an item for each terminal that knows them', async () => {
    const { knex } = server.db;
    const { id } = await knex('student')
      .where({ roll_number: rollNumber(0) })
      .first('id');
    const officer = server.as('enrollment_officer');
    const consent = { student_id: id, purpose: 'fingerprint', actor: 'self', channel: 'office' };
    const notice = { notice_version: '2026-1', notice_sha256: Buffer.alloc(32) };
    const withdraw = async (): Promise<number> => {
      const [row] = await knex('consent')
        .insert({ ...consent, ...notice, granted_at: new Date(server.clock.wallMs()) })
        .returning('id');
      return (await officer.post(`${API}/consents/${row.id}/revoke/`)).status;
    };
    const items = () => knex('exception_item').where({ code: 'TERMINAL_KEEPS_FINGERS' });
    expect([await withdraw(), await items()]).toEqual([200, []]);
    await put();
    await put(rollNumber(1));
    expect(await withdraw()).toBe(200);
    expect(await items()).toMatchObject([
      { gateway_id: 'gw-a', student_id: id, detail: { device_id: 'c101', user: rollNumber(0) } },
    ]);
    const seen = await server.as('lab_technician').results(`${API}/exception-items/`);
    expect(JSON.stringify(seen)).toContain('TERMINAL_KEEPS_FINGERS');
    await knex('exception_item').delete();
    await officer.post(`${API}/students/${id}/fingers/delete/`, { reason: 'asked for it' });
    expect(await items()).toHaveLength(1);
    await knex('exception_item').delete();
    server.clock.stepWall(1_000);
    const removed = await server.post(TERMINAL, { action: 'remove', student: rollNumber(0) });
    await answer({ id: removed.body.id, status: 'ok' });
    expect([await withdraw(), await items()]).toEqual([200, []]);
  });

  it('are put there by roll number and name, and the command carries the id of the row', async () => {
    const { status, body, headers } = await put();
    expect(status).toBe(202);
    expect(body).toMatchObject({ action: 'put', user: rollNumber(0), state: 'sent', error: null });
    expect(body.student).toEqual({ roll_number: rollNumber(0), name: 'Student 0' });
    expect(headers.get('location')).toBe(`${TERMINAL}${body.id}/`);
    expect(server.commands).toMatchObject([
      {
        topic: 'rollcall/v1/gw-a/down/cmd/terminal_user',
        id: body.id,
        ttl_s: TERMINAL_COMMAND_TTL_S,
        args: { action: 'put', device_id: 'c101', user: rollNumber(0), name: 'Student 0' },
      },
    ]);
  });

  it('have names on the display that cannot end a field or a line of a protocol', async () => {
    await server.db
      .knex('student')
      .where({ roll_number: rollNumber(1) })
      .update({ full_name: 'A=B&C\tD\u0007 with a name that is far too long for it' });
    await put(rollNumber(1));
    expect(server.commands[0]?.args).toMatchObject({ name: 'A B C D  with a name tha' });
  });

  it('are removed, or lose their fingers, by the id on the terminal', async () => {
    await server.post(TERMINAL, { action: 'remove', user: '1007' });
    await server.post(TERMINAL, { action: 'forget_biometrics', student: rollNumber(0), user: '12' });
    expect(server.commands.map(({ args }) => args)).toEqual([
      { action: 'remove', device_id: 'c101', user: '1007' },
      { action: 'forget_biometrics', device_id: 'c101', user: '12' },
    ]);
    const list = await server.results(`${TERMINAL}?student=${rollNumber(0)}`);
    expect(list.map(({ user }) => user)).toEqual(['12']);
  });

  it.each([
    [{ action: 'put' }],
    [{ action: 'put', user: '7' }],
    [{ action: 'remove' }],
    [{ action: 'remove', user: '1\n2' }],
    [{ action: 'remove', user: '1=2' }],
    [{ action: 'remove', user: 'x'.repeat(25) }],
    [{ action: 'clear', user: '7' }],
  ])('are not changed by %j', async (body) => {
    expect((await server.post(TERMINAL, body)).body.code).toBe('REQUEST_INVALID');
    expect(server.commands).toEqual([]);
    expect(await server.results(TERMINAL)).toEqual([]);
  });

  it('are not those of a device or a student that is not there', async () => {
    const elsewhere = TERMINAL.replace('c101', 'nobody');
    for (const call of [
      server.post(elsewhere, { action: 'remove', user: '7' }),
      server.get(elsewhere),
      put('99X'),
    ])
      expect((await call).body.code).toBe('NOT_FOUND');
    expect(server.commands).toEqual([]);
  });

  it('are changed by administrators and technicians only', async () => {
    for (const role of ['lab_technician', 'admin'] as const)
      expect((await server.as(role).post(TERMINAL, { action: 'remove', user: '7' })).status).toBe(202);
    for (const role of ['faculty', 'hod', 'auditor', 'enrollment_officer'] as const) {
      expect((await server.as(role).post(TERMINAL, { action: 'remove', user: '7' })).status).toBe(403);
      expect((await server.as(role).get(TERMINAL)).status).toBe(403);
    }
  });
});

describe('what a terminal answers', () => {
  const read = async (id: string) => (await server.get(`${TERMINAL}${id}/`)).body;

  it('is seen, with who asked and every step in the audit log', async () => {
    const { body } = await put();
    await answer({ id: body.id, status: 'ok' });
    expect(await read(body.id)).toMatchObject({
      state: 'done',
      error: null,
      answered_at: expect.any(String),
    });
    expect(await audits(body.id)).toMatchObject([
      { action: 'send', after: { device: 'c101', action: 'put', user: rollNumber(0) } },
      { action: 'answer', performed_by: 'gateway:gw-a', after: { state: 'done' } },
    ]);
  });

  it('is its reason where it refused', async () => {
    const { body } = await put();
    const error = { code: 'DEVICE_REFUSED', message: 'The terminal is full' };
    await answer({ id: body.id, status: 'error', error });
    expect(await read(body.id)).toMatchObject({ state: 'failed', error });
  });

  it('counts once, from its own gateway, and only for what was asked', async () => {
    const { body } = await put();
    await answer({ id: body.id, status: 'ok' }, RESPONSE_TOPIC.replace('gw-a', 'gw-b'));
    expect(await read(body.id)).toMatchObject({ state: 'sent' });
    await answer({ id: 'not-a-uuid', status: 'ok' });
    await answer({ id: body.id, status: 'error', error: { code: 'DEVICE_TIMEOUT', message: 'silent' } });
    await answer({ id: body.id, status: 'ok' });
    expect(await read(body.id)).toMatchObject({ state: 'failed', error: { code: 'DEVICE_TIMEOUT' } });
    expect(await audits(body.id)).toHaveLength(2);
  });

  it('is missed once the time of the command is over', async () => {
    const { body } = await put();
    const before = server.clock.wallMs();
    server.clock.stepWall((TERMINAL_COMMAND_TTL_S + 1) * 1_000);
    expect(await read(body.id)).toMatchObject({ state: 'expired', answered_at: null });
    server.clock.stepWall(before - server.clock.wallMs());
  });

  it('is listed newest first, page by page', async () => {
    for (const number of [0, 1, 2]) await put(rollNumber(number));
    const first = (await server.get(`${TERMINAL}?limit=2`)).body;
    const second = (await server.get(`${TERMINAL}?limit=2&cursor=${first.next}`)).body;
    const ids = [...first.results, ...second.results].map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    expect(second.next).toBeNull();
  });
});
