import { randomUUID } from 'node:crypto';
import { ROW_MEMBERS_HEADER } from '@rollcall/protocol/roster';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';
import { API, at, TestServer } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server?.stop());

describe('class sessions', () => {
  it('are listed with counts, with and without the trailing slash', async () => {
    const [first, second, ...rest] = await server.results(`${API}/sessions`);
    expect(rest).toEqual([]);
    expect(first).toMatchObject({
      course: { code: 'CS301', title: 'Database Systems' },
      section: { id: 'cse-a', name: 'CSE-A' },
      room: { id: 'r101', name: 'R101' },
      building: { id: 'block-a', name: 'Block A' },
      scheduled_date: '2026-07-07',
      start_at: '2026-07-07T04:30:00.000Z',
      status: 'open',
      counts: { present: 1, late: 1, absent: 0, excused: 0, pending: 3 },
      waiting_for: [],
    });
    expect(second).toMatchObject({ course: { code: 'CS302' }, status: 'scheduled' });
  });

  it.each([
    ['scheduled_date=2026-07-07', 2],
    ['scheduled_date=2026-07-08', 0],
    ['start_date=2026-07-07&end_date=2026-07-07', 2],
    ['status=open', 1],
    ['room=r101', 2],
    ['room=r102', 0],
    ['building=block-a&section=cse-a&faculty=F001', 2],
    ['now=1', 1],
    ['now=0', 2],
  ])('filter %s finds %i', async (query, count) => {
    expect(await server.results(`${API}/sessions/?${query}`)).toHaveLength(count);
  });

  it.each([
    ['status=opened', 'status'],
    ['scheduled_date=07/07/2026', 'scheduled_date'],
    ['colour=red', 'colour'],
    ['limit=0', 'limit'],
    ['limit=many', 'limit'],
    ['cursor=bm9uc2Vuc2U', 'cursor'],
    ['room=r101&room=r102', 'room'],
  ])('refuses ?%s and names %s', async (query, parameter) => {
    const { code, detail } = await server.refusal(`${API}/sessions/?${query}`);
    expect(code).toBe('REQUEST_INVALID');
    expect(detail).toContain(parameter);
  });

  it('are read one by one with the policy and an ETag', async () => {
    const { id } = await server.sessionOf('CS301');
    const { body, headers } = await server.get(`${API}/sessions/${id}/`);
    expect(body).toMatchObject({ id, auto_opened: true, policy: { grace_period_minutes: 5 } });
    expect(headers.get('etag')).toBe(`"${body.version}"`);
  });

  it('that do not exist are 404, and ids that are none are refused', async () => {
    expect(await server.refusal(`${API}/sessions/${randomUUID()}/`)).toMatchObject({
      code: 'NOT_FOUND',
      status: 404,
    });
    expect(await server.refusal(`${API}/sessions/${randomUUID()}/records/`)).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await server.refusal(`${API}/sessions/7/`)).toMatchObject({
      code: 'REQUEST_INVALID',
      status: 400,
    });
  });

  it('open and close on request; a stale version and an illegal transition are 409', async () => {
    const { id, version } = await server.sessionOf('CS302');
    const tooEarly = await server.as('faculty', { faculty: 'F001' }).post(`${API}/sessions/${id}/open/`);
    expect(tooEarly.body).toMatchObject({ code: 'SESSION_TOO_EARLY', status: 409 });
    expect(tooEarly.body.detail).toContain('2026-07-07T05:10:00.000Z');
    expect((await server.post(`${API}/sessions/${id}/close/`)).body.code).toBe('INVALID_TRANSITION');
    server.goTo('10:41');
    expect((await server.post(`${API}/sessions/${id}/open/`, {}, { 'if-match': '"99"' })).body).toMatchObject(
      {
        code: 'STALE',
        status: 409,
      },
    );
    expect((await server.post(`${API}/sessions/${id}/open/`, { version: 99 })).body.code).toBe('STALE');
    expect((await server.post(`${API}/sessions/${id}/open/`, {}, { 'if-match': 'new' })).body.code).toBe(
      'REQUEST_INVALID',
    );
    const opened = await server.post(
      `${API}/sessions/${id}/open`,
      { reason: 'early bird' },
      { 'if-match': `"${version}"` },
    );
    expect(opened).toMatchObject({ status: 200, body: { status: 'open', version: version + 1 } });
    expect(opened.headers.get('etag')).toBe(`"${version + 1}"`);
    expect(await server.post(`${API}/sessions/${id}/close/`)).toMatchObject({
      status: 200,
      body: { status: 'closed' },
    });
    expect((await server.sessionOf('CS302')).waiting_for).toEqual(['gw-a']);
    await server.judge();
  });

  it('cost at most two statements a list', async () => {
    for (const path of ['sessions/', 'records/', 'punches/', 'gateways/', 'devices/', 'quarantine/']) {
      let statements = 0;
      const count = (): void => {
        statements += 1;
      };
      server.db.knex.on('query', count);
      await server.get(`${API}/${path}`);
      server.db.knex.off('query', count);
      expect([path, statements <= 2]).toEqual([path, true]);
    }
  });
});

describe('records', () => {
  it('of a session are listed by roll number', async () => {
    const { id } = await server.sessionOf('CS301');
    const marks = (await server.results(`${API}/sessions/${id}/records/`)).map(
      ({ student, mark }) => `${student.roll_number} ${mark}`,
    );
    expect(marks).toEqual(
      [0, 1, 2, 3, 4].map((index) => `${rollNumber(index)} ${['present', 'late'][index] ?? 'pending'}`),
    );
    expect(await server.results(`${API}/records/?session=${id}&mark=late`)).toHaveLength(1);
    expect(await server.results(`${API}/records/?student=${rollNumber(0)}`)).toHaveLength(2);
  });

  it('come in pages that stay put while rows are added', async () => {
    const { id } = await server.sessionOf('CS301');
    const first = (await server.get(`${API}/sessions/${id}/records/?limit=2`)).body;
    const second = (await server.get(`${API}/sessions/${id}/records/?limit=2&cursor=${first.next}`)).body;
    const third = (await server.get(`${API}/sessions/${id}/records/?limit=2&cursor=${second.next}`)).body;
    const seen = [...first.results, ...second.results, ...third.results].map(
      ({ student }) => student.roll_number,
    );
    expect(seen).toEqual([0, 1, 2, 3, 4].map(rollNumber));
    expect(third.next).toBeNull();
  });

  it('explain themselves: "why am I late?" and "why does my tap not count?"', async () => {
    const { id } = await server.sessionOf('CS301');
    const records = await server.results(`${API}/sessions/${id}/records/`);
    const late = (await server.get(`${API}/records/${records[1].id}/explain/`)).body;
    expect(late).toMatchObject({
      mark: 'late',
      reason: 'LATE',
      rule: 'arrival',
      limits: { present_until: '2026-07-07T04:35:00.000Z', late_until: '2026-07-07T04:50:00.000Z' },
      evidence: [
        {
          used: true,
          device_name: 'R101 cards',
          room_name: 'R101',
          effective_at: '2026-07-07T04:37:00.000Z',
        },
      ],
    });
    expect(late.history).toMatchObject([{ after: { mark: 'late' } }]);
    const wrongRoom = (await server.get(`${API}/records/${records[2].id}/explain/`)).body;
    expect(wrongRoom.evidence).toMatchObject([{ used: false, why: 'WRONG_ROOM', room_name: 'R102' }]);
    expect(wrongRoom.evidence[0]).toMatchObject({
      why_text: 'It was taken in R102; the class was in R101',
      class_rooms: ['R101'],
    });
    expect((await server.refusal(`${API}/records/${randomUUID()}/explain/`)).code).toBe('NOT_FOUND');
  });
});

describe('evidence and devices', () => {
  it('punches come newest first with the session and the mark they made, and page by cursor', async () => {
    const punches = await server.results(`${API}/punches/`);
    expect(punches.map(({ student }) => student.roll_number)).toEqual([1, 2, 0].map(rollNumber));
    expect(punches[0]).toMatchObject({
      mark: 'late',
      device_name: 'R101 cards',
      building_name: 'Block A',
      outcome: 'recognized',
    });
    expect(punches[1].class_session_id).toBeUndefined();
    const { next, results: page } = (await server.get(`${API}/punches/?limit=1`)).body;
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(4), at: at('10:09') }]);
    const rest = await server.results(`${API}/punches/?cursor=${next}`);
    expect([...page, ...rest].map(({ id }) => id)).toEqual(punches.map(({ id }) => id));
    expect(await server.results(`${API}/punches/?device=c102`)).toHaveLength(1);
    expect(await server.results(`${API}/punches/?gateway=gw-a&student=${rollNumber(0)}`)).toHaveLength(1);
  });

  it('gateways show their health and devices, before and after the first report', async () => {
    expect(await server.results(`${API}/gateways/`)).toMatchObject([
      { id: 'gw-a', state: 'never', queue_depth: null, problems: [] },
    ]);
    const health = {
      head_seq: 120,
      acked_seq: 100,
      level: 'degraded',
      problems: ['CLOCK_UNSYNCED'],
      clock_state: 'unsynced',
      disk: { free_bytes: 1, total_bytes: 2, hours_left: 12.5 },
    };
    await server.db
      .knex('gateway')
      .update({ health: JSON.stringify(health), health_at: at('10:00'), state: 'online' });
    const reported = {
      state: 'ready',
      last_frame_at: '2026-07-07T04:31:00.000Z',
      problem: null,
      counters: { frames_ok: 3 },
    };
    await server.db
      .knex('attendance_biometric_device')
      .where({ device_id: 'c101' })
      .update({ reported: JSON.stringify(reported) });
    const [gateway] = await server.results(`${API}/gateways/?building=block-a`);
    expect(gateway).toMatchObject({
      queue_depth: 20,
      level: 'degraded',
      hours_left: 12.5,
      problems: ['CLOCK_UNSYNCED'],
    });
    expect(gateway.devices[0]).toEqual({
      id: 'c101',
      name: 'R101 cards',
      room_id: 'r101',
      state: 'ready',
      last_frame_at: '2026-07-07T04:31:00.000Z',
    });
    const devices = await server.results(`${API}/devices/?gateway=gw-a&room=r101&enabled=1`);
    expect(devices.map(({ id, state }) => [id, state])).toEqual([
      ['c101', 'ready'],
      ['f101', null],
      ['lights', null],
    ]);
  });

  it('quarantine shows rows and messages without their bodies, newest first', async () => {
    const row = {
      gateway_id: 'gw-a',
      store_id: randomUUID(),
      seq: 7,
      kind: 'punch',
      code: 'ROW_INVALID',
      problem: 'no time',
    };
    await server.db
      .knex('quarantine_row')
      .insert({ ...row, body: { secret: 'x' }, received_at: at('10:00') });
    await server.db.knex('quarantine_message').insert({
      claimed_gateway_id: 'gw-a',
      topic: 't',
      code: 'SIGNATURE_INVALID',
      problem: 'forged',
      payload: Buffer.from('x'),
      received_at: at('10:01'),
    });
    const all = await server.results(`${API}/quarantine/`);
    expect(all.map(({ kind, code, seq }) => [kind, code, seq])).toEqual([
      ['message', 'SIGNATURE_INVALID', null],
      ['row', 'ROW_INVALID', 7],
    ]);
    const { next } = (await server.get(`${API}/quarantine/?limit=1`)).body;
    expect(await server.results(`${API}/quarantine/?cursor=${next}`)).toMatchObject([{ kind: 'row' }]);
    expect(JSON.stringify(all)).not.toContain('secret');
  });

  it('a roster is read by its own gateway only', async () => {
    const document = Buffer.from('{"v":1}');
    await server.db
      .knex('gateway_roster')
      .insert({ gateway_id: 'gw-a', version: 3, sha256: 'a'.repeat(64), document });
    const read = (id: string, password: string, gateway = 'gw-a', version = '3') =>
      fetch(server.url(`${API}/gateways/${gateway}/roster/${version}/`), {
        headers: { authorization: `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}` },
      });
    const own = await read('gw-a', 'secret');
    expect([own.status, await own.text()]).toEqual([200, '{"v":1}']);
    expect(own.headers.get(ROW_MEMBERS_HEADER)).toBe('punch.student.finger_position');
    const wrong = await read('gw-a', 'guess');
    expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('Basic'),
    ]);
    expect((await read('gw-z', 'secret')).status).toBe(401);
    expect((await read('gw-a', 'secret', 'gw-b')).status).toBe(404);
    expect((await read('gw-a', 'secret', 'gw-a', '4')).status).toBe(404);
    expect((await fetch(server.url(`${API}/gateways/gw-a/roster/3/`))).status).toBe(401);
  });
});
