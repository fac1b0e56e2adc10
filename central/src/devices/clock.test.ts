import type { Health } from '@rollcall/protocol/health';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { API, at, type Body, TestServer } from '../http/test-server.js';
import { CampusGateway } from '../ingest/campus-gateway.js';
import { BOOT_A, BOOT_B } from '../ingest/test-gateway.js';
import { askAboutBootsJob } from '../jobs/ask-about-boots.js';
import { silentLog } from '../log.js';
import { rollNumber } from '../seed/test-campus.js';
import { applyHealth } from './health.js';

const MINUTE_MS = 60_000;

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

const monoOf = (trueMs: number): number => trueMs % 1_000_000_000;

/** What a clock that is ahead says of an instant, and the monotonic counter, which is never wrong. */
const stamp = (time: string, aheadMs = 0) => ({
  occurred_at: new Date(at(time).getTime() + aheadMs).toISOString(),
  mono_ms: monoOf(at(time).getTime()),
});

const anchor = (time: string, aheadMs = 0, row: object = {}) =>
  gateway.send('anchor', [gateway.anchor({ ...stamp(time, aheadMs), source: 'start', ...row })]);

const tap = (time: string, student: number, aheadMs = 0, row: object = {}) =>
  gateway.tap(at(time), { student, row: { ...stamp(time, aheadMs), ...row } });

async function beat(aheadMs: number, change: Partial<Health> = {}, retained = false): Promise<void> {
  const nowMs = server.clock.wallMs();
  const asOf = new Date(nowMs + aheadMs).toISOString();
  const health: Health = {
    v: 1,
    as_of: asOf,
    boot_id: BOOT_A,
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
    devices: [{ device_id: 'c101', state: 'ready', complete_through: asOf, last_frame_at: null }],
    ...change,
  };
  await applyHealth(server.db.knex, { gatewayId: 'gw-a', health, retained, at: new Date(nowMs) });
}

async function beats(count: number, aheadMs: number, change: Partial<Health> = {}): Promise<void> {
  for (let times = 0; times < count; times += 1) {
    server.clock.stepWall(MINUTE_MS);
    await beat(aheadMs, change);
  }
}

async function record(student: number): Promise<Body> {
  await server.judge();
  return server.db
    .knex('attendance_record as r')
    .join('student as st', 'st.id', 'r.student_id')
    .where({ session_id: s1, roll_number: rollNumber(student) })
    .first('r.*');
}

const offsets = (): Promise<Body[]> => server.results(`${API}/gateways/gw-a/clock-offsets/`);
const alarms = (code: string): Promise<Body[]> =>
  server.db.knex('exception_item').where({ code, resolved_at: null });

describe('a clock that believes itself right and is not', () => {
  it('case 87: 1.2 s are the way of the message: nothing is corrected', async () => {
    await anchor('09:00', 1_200);
    await tap('10:05:00', 3, 1_200);
    await beats(4, 1_200);
    expect(await record(3)).toMatchObject({ mark: 'late', reason: 'LATE' });
    expect((await offsets()).map(({ offset_ms }) => offset_ms)).toEqual([0]);
    expect(await alarms('CLOCK_WRONG')).toEqual([]);
  });

  it('case 87: 45 s over three heartbeats correct what was stamped before and after, and the derivation says so', async () => {
    await anchor('09:00', 45_000);
    await tap('10:04:30', 3, 45_000);
    expect(await record(3)).toMatchObject({ mark: 'late' });
    await beats(2, 44_500);
    expect(await record(3)).toMatchObject({ mark: 'late' });
    await beats(1, 45_000);
    const corrected = await record(3);
    expect(corrected).toMatchObject({ mark: 'present', reason: 'ON_TIME', marked_at: at('10:04:30') });
    expect(corrected.derivation.used).toMatchObject([
      { time_source: 'clock_offset', at: at('10:04:30').toISOString() },
    ]);
    await tap('10:12:30', 4, 45_000);
    expect(await record(4)).toMatchObject({ mark: 'late', marked_at: at('10:12:30') });
    expect(await offsets()).toMatchObject([{ offset_ms: 45_000, source: 'heartbeat', is_current: true }]);
    expect(await alarms('CLOCK_WRONG')).toHaveLength(1);
    const audit = await server.db.knex('attendance_audit_log').where({ entity_type: 'gateway_clock_offset' });
    expect(audit).toMatchObject([
      { action: 'measured', before: { offset_ms: 0 }, after: { offset_ms: 45_000 } },
    ]);
  });

  it('case 87: a clock that is behind is corrected as well', async () => {
    await anchor('09:00', -400_000);
    await tap('10:11:00', 3, -400_000);
    expect(await record(3)).toMatchObject({ mark: 'present' });
    await beats(3, -400_000);
    expect(await record(3)).toMatchObject({ mark: 'late', marked_at: at('10:11:00') });
  });

  it('case 87: beats that do not agree, that come at once, or that the broker kept, say nothing', async () => {
    await anchor('09:00', 45_000);
    for (const aheadMs of [45_000, 30_000, 45_000, 9_000]) await beats(1, aheadMs);
    for (let times = 0; times < 5; times += 1) await beat(45_000);
    for (let times = 0; times < 5; times += 1) {
      server.clock.stepWall(MINUTE_MS);
      await beat(45_000, {}, true);
    }
    expect(await offsets()).toEqual([]);
  });

  it('case 87: a jump of ten minutes is quarantined until it is known since when, then stamped anew; earlier rows stay', async () => {
    await anchor('09:00');
    await tap('10:02:00', 3);
    await beats(3, 0);
    await anchor('10:03', 600_000, { source: 'step', clock_state: 'stepped' });
    await anchor('10:03:10', 600_000, { source: 'sync' });
    await tap('10:13:30', 4, 600_000);
    const waiting = () =>
      server.db.knex('quarantine_row').where({ code: 'TIME_IN_FUTURE', resolved_at: null });
    // The anchor and the punch.
    expect(await waiting()).toHaveLength(1);
    expect(await record(4)).toMatchObject({ mark: 'pending' });
    await beats(3, 600_000);
    expect(await waiting()).toEqual([]);
    expect(await record(4)).toMatchObject({ mark: 'late', marked_at: at('10:13:30') });
    expect(await record(3)).toMatchObject({ mark: 'present', marked_at: at('10:02:00') });
    // Known by now: what comes is placed at once, and a repetition is one.
    await tap('10:16:00', 4, 600_000);
    expect(await waiting()).toEqual([]);
    expect(await server.db.knex('punch').where({ time_source: 'clock_offset' })).toHaveLength(2);
    // Repaired: the next piece of the boot is right again, and the alarm goes.
    await anchor('10:17', 0, { source: 'step', clock_state: 'stepped' });
    await beats(3, 0);
    await tap('10:18:00', 3);
    expect((await server.db.knex('punch').orderBy('seq', 'desc').first()).time_source).toBe('gateway_clock');
    expect(await alarms('CLOCK_WRONG')).toEqual([]);
  });

  it('case 87: a jump that the gateway noticed is placed by the monotonic counter at once', async () => {
    await anchor('09:00');
    await tap('10:03:00', 3, 600_000, { clock_state: 'stepped' });
    expect(await record(3)).toMatchObject({ mark: 'present', marked_at: at('10:03:00') });
    expect((await record(3)).derivation.used).toMatchObject([{ time_source: 'clock_anchor' }]);
  });

  it("case 87: central's own clock is suspected where the gateway's has not changed", async () => {
    await anchor('09:00');
    await tap('10:03:00', 3);
    await beats(3, 0);
    await beats(3, -45_000);
    expect(await record(3)).toMatchObject({ mark: 'present', marked_at: at('10:03:00') });
    expect((await alarms('CLOCK_WRONG'))[0].message).toContain("central's own clock");
  });

  it('case 87: a clock that is ahead does not end the wait for what is still to come', async () => {
    await anchor('09:00', 90_000);
    await beat(90_000);
    const through = async () =>
      (await server.db.knex('attendance_biometric_device').where({ device_id: 'c101' }).first())
        .complete_through;
    expect(await through()).toEqual(new Date(server.clock.wallMs()));
    await beats(3, 600_000);
    expect((await through()).getTime()).toBeLessThanOrEqual(server.clock.wallMs());
  });
});

describe('a clock that was reset to 2000', () => {
  const in2000 = { occurred_at: '2000-01-01T00:04:00.000Z', boot_id: BOOT_B };

  it.each([
    'unsynced',
    'synced',
  ])('case 88: %s, it never makes a mark in 2000: held until the counter places it', async (state) => {
    await gateway.tap(at('10:03'), { student: 3, row: { ...stamp('10:03'), ...in2000, clock_state: state } });
    expect(await record(3)).toMatchObject({ mark: 'pending' });
    const [held] = await server.results(`${API}/punches/?outcome=time_unknown`);
    expect(held).toMatchObject({ outcome: 'time_unknown', effective_at: null });
    // An anchor of the same unset clock places nothing.
    await anchor('10:04', 0, { ...in2000, clock_state: state });
    expect(await record(3)).toMatchObject({ mark: 'pending' });
    await anchor('10:06', 0, { boot_id: BOOT_B, source: 'sync' });
    expect(await record(3)).toMatchObject({ mark: 'present', marked_at: at('10:03') });
  });

  const place = (body: object, caller = server.as('admin')) =>
    caller.post(`${API}/gateways/gw-a/boots/${BOOT_B}/place/`, { reason: 'asked who was there', ...body });
  const ask = () => askAboutBootsJob.run({ db: server.db, clock: server.clock, log: silentLog });

  /** Two taps, seven minutes apart, of a boot that nothing places; central heard of them at half past ten. */
  async function unplaced(): Promise<void> {
    server.goTo('10:30');
    for (const [time, student] of [
      ['10:03', 3],
      ['10:10', 4],
    ] as const) {
      await gateway.tap(at(time), {
        student,
        row: { ...stamp(time), ...in2000, clock_state: 'unsynced' },
      });
    }
  }

  it('case 88: what no clock can place is put before a person once, who places the boot, by preview first', async () => {
    await unplaced();
    await ask();
    expect(await alarms('TIME_UNKNOWN')).toEqual([]);
    server.goTo('11:45');
    await ask();
    await ask();
    const [item, ...others] = await alarms('TIME_UNKNOWN');
    expect(others).toEqual([]);
    expect(item).toMatchObject({
      gateway_id: 'gw-a',
      detail: { boot_id: BOOT_B, events: 2, lasts_ms: 7 * MINUTE_MS },
    });
    const preview = await place({ first_at: at('10:03') });
    expect(preview.body).toMatchObject({ applied: false, punches: 2 });
    expect(await record(3)).toMatchObject({ mark: 'pending' });
    expect(await alarms('TIME_UNKNOWN')).toHaveLength(1);
    const applied = await place({ first_at: at('10:03'), apply: true });
    expect(applied.body).toMatchObject({ applied: true, punches: 2, changes: preview.body.changes });
    expect(await record(3)).toMatchObject({ mark: 'present', marked_at: at('10:03') });
    const other = await record(4);
    expect(other).toMatchObject({ mark: 'late', marked_at: at('10:10') });
    expect(other.derivation.used).toMatchObject([{ time_source: 'said' }]);
    expect(await alarms('TIME_UNKNOWN')).toEqual([]);
    const audit = await server.db.knex('attendance_audit_log').where({ entity_type: 'boot_placement' });
    expect(audit).toMatchObject([{ action: 'said', reason: 'asked who was there', before: null }]);
    // Said wrongly: it is said again, and the former is kept in the audit row.
    await place({ first_at: at('10:06'), apply: true });
    expect(await record(3)).toMatchObject({ mark: 'late', marked_at: at('10:06') });
  });

  it('case 88: an anchor that comes after all outranks what a person said, in either order', async () => {
    await unplaced();
    await place({ first_at: at('10:08'), apply: true });
    expect(await record(3)).toMatchObject({ mark: 'late' });
    await anchor('10:12', 0, { boot_id: BOOT_B, source: 'sync' });
    expect(await record(3)).toMatchObject({ mark: 'present', marked_at: at('10:03') });
    expect((await place({ first_at: at('10:08'), apply: true })).body.code).toBe('NOT_FOUND');
  });

  it('case 88: a time that cannot have been, another boot and other people change nothing', async () => {
    await unplaced();
    server.goTo('11:45');
    await ask();
    const codes = await Promise.all(
      [
        place({ first_at: at('10:24'), apply: true }),
        place({ first_at: '2000-01-01T00:00:00Z', apply: true }),
        place({ first_at: 'yesterday', apply: true }),
        place({ first_at: at('10:03'), apply: true, reason: '' }),
        server.post(`${API}/gateways/gw-a/boots/${BOOT_A}/place/`, {
          first_at: at('10:03'),
          reason: 'because',
        }),
        server.post(`${API}/gateways/gw-z/boots/${BOOT_B}/place/`, {
          first_at: at('10:03'),
          reason: 'because',
        }),
        place({ first_at: at('10:03'), apply: true }, server.as('faculty', { faculty: 'F001' })),
      ].map(async (answer) => (await answer).body.code),
    );
    expect(codes).toEqual([...Array(4).fill('REQUEST_INVALID'), 'NOT_FOUND', 'NOT_FOUND', 'FORBIDDEN']);
    expect(await record(3)).toMatchObject({ mark: 'pending' });
    expect(await server.db.knex('boot_placement')).toEqual([]);
    // Its anchor comes: the item resolves itself.
    await anchor('10:12', 0, { boot_id: BOOT_B, source: 'sync' });
    await ask();
    expect(await alarms('TIME_UNKNOWN')).toEqual([]);
  });
});

describe('a person corrects a wrong offset', () => {
  const correct = (body: object, headers = {}) =>
    server.post(
      `${API}/gateways/gw-a/clock-offsets/`,
      { reason: 'the time server was wrong', ...body },
      headers,
    );

  it('case 90: first shows which marks would change, then changes them, audited, and takes it back', async () => {
    await tap('10:04:30', 3, 45_000);
    await tap('10:12:00', 4);
    expect(await record(3)).toMatchObject({ mark: 'late' });
    const said = { from: at('10:04').toISOString(), until: at('10:06').toISOString(), offset_ms: 45_000 };
    const preview = (await correct(said)).body;
    expect(preview).toMatchObject({ applied: false, punches: 1 });
    expect(preview.changes).toMatchObject([{ roll_number: rollNumber(3), from: 'late', to: 'present' }]);
    expect(await record(3)).toMatchObject({ mark: 'late' });
    expect(await offsets()).toEqual([]);
    expect((await correct({ ...said, apply: true })).body).toEqual({ ...preview, applied: true });
    expect(await record(3)).toMatchObject({ mark: 'present', marked_at: at('10:04:30') });
    const audit = await server.db.knex('attendance_audit_log').where({ entity_type: 'gateway_clock_offset' });
    expect(audit).toMatchObject([
      { action: 'said', reason: 'the time server was wrong', actor_role: 'admin' },
    ]);
    const taken = { ...said, from: at('10:05').toISOString(), offset_ms: 0, apply: true };
    expect((await correct(taken)).body.changes).toMatchObject([{ from: 'present', to: 'late' }]);
    expect((await offsets()).map(({ offset_ms, from, until }) => [offset_ms, from, until]).sort()).toEqual([
      [0, at('10:05').toISOString(), said.until],
      [45_000, said.from, at('10:05').toISOString()],
    ]);
  });

  it('case 90: outranks what heartbeats measured', async () => {
    await anchor('09:00', 45_000);
    await tap('10:04:30', 3, 45_000);
    await beats(3, 45_000);
    expect(await record(3)).toMatchObject({ mark: 'present' });
    await correct({ from: at('10:00').toISOString(), offset_ms: 0, apply: true });
    expect(await record(3)).toMatchObject({ mark: 'late', marked_at: at('10:05:15') });
  });

  it('case 90: refuses whoever may not, another gateway, and a time that is none, and changes nothing', async () => {
    const from = at('10:00').toISOString();
    const codes = await Promise.all([
      correct({ from, until: from, offset_ms: 1 }),
      correct({ from, offset_ms: 1e12 }),
      correct({ from, offset_ms: 1, reason: '' }),
      server.post(`${API}/gateways/gw-z/clock-offsets/`, { from, offset_ms: 1, reason: 'why', apply: true }),
      server
        .as('faculty', { faculty: 'F001' })
        .post(`${API}/gateways/gw-a/clock-offsets/`, { from, offset_ms: 1, reason: 'why' }),
    ]);
    expect(codes.map(({ body }) => body.code)).toEqual([
      'REQUEST_INVALID',
      'REQUEST_INVALID',
      'REQUEST_INVALID',
      'NOT_FOUND',
      'FORBIDDEN',
    ]);
    expect(await offsets()).toEqual([]);
  });
});
