import { DEVICE_COUNTERS } from '@rollcall/protocol/device-status';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { rosterDocumentSchema } from '@rollcall/protocol/roster';
import { systemClock } from '@rollcall/protocol/system-clock';
import { buildTopic, type UpTopic } from '@rollcall/protocol/topics';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openListener } from '../db/listen.js';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { loadGatewayItems } from '../http/views/gateway-view.js';
import { createIngest, type Ingest } from '../ingest/ingest.js';
import { BOOT_A, BOOT_B, issueCard, TEST_NOW_MS, TestGateway } from '../ingest/test-gateway.js';
import { silentLog } from '../log.js';
import { LIVE_CHANNEL } from '../marks/notify.js';
import { createCommandSender } from './commands.js';
import { createMessageRouter, type MessageRouter } from './messages.js';
import { createReplayRequests } from './replay-request.js';
import { buildRosters } from './roster.js';
import { GATEWAY_SILENT_AFTER_MS } from './silence.js';

const at = (offsetMs: number): string => new Date(TEST_NOW_MS + offsetMs).toISOString();

describe('what gateways say about themselves', () => {
  let db: TestDatabase;
  let clock: ManualClock;
  let ingest: Ingest;
  let router: MessageRouter;
  let gateway: TestGateway;
  let sent: { topic: string; body: { args: unknown } }[];

  beforeEach(async () => {
    db = await openTestDatabase();
    clock = new ManualClock(TEST_NOW_MS);
    sent = [];
    ingest = createIngest({ db, clock, log: silentLog, sendAck: () => undefined });
    const commands = createCommandSender({
      clock,
      publish: (topic, payload) => sent.push({ topic, body: JSON.parse(payload) }),
    });
    const requestReplay = createReplayRequests({ commands, clock, log: silentLog });
    router = createMessageRouter({ db, clock, log: silentLog, ingest, requestReplay });
    gateway = new TestGateway('gw-a');
    await gateway.register(db.knex);
  });
  afterEach(async () => {
    router.stop();
    await ingest.stop();
    await db.close();
  });

  const send = (topic: UpTopic, body: unknown, retained = false): Promise<void> =>
    router.handle({ topic: buildTopic(topic), payload: Buffer.from(JSON.stringify(body)), retained });
  const status = (state: 'online' | 'offline', session: number, boot = BOOT_A) =>
    send(
      { kind: 'status', gatewayId: 'gw-a' },
      { v: 1, state, boot_id: boot, session, software: '0.1.0', at: at(0) },
    );
  const health = (changes: Record<string, unknown> = {}, retained = false) =>
    send(
      { kind: 'health', gatewayId: 'gw-a' },
      {
        v: 1,
        as_of: at(0),
        boot_id: BOOT_A,
        software: '0.1.0',
        uptime_s: 5,
        clock_state: 'synced',
        store_id: gateway.storeId,
        head_seq: 0,
        acked_seq: 0,
        oldest_unacked_at: null,
        level: 'ok',
        problems: [],
        disk: { free_bytes: 1, total_bytes: 2, hours_left: null },
        devices: [{ device_id: 'reader-1', state: 'ready', complete_through: at(0), last_frame_at: null }],
        ...changes,
      },
      retained,
    );
  const deviceStatus = (deviceId: string, state: string, problem: object | null = null) =>
    send(
      { kind: 'device-status', gatewayId: 'gw-a', deviceId },
      {
        v: 1,
        device_id: deviceId,
        driver: 'rdm6300',
        state,
        since: at(0),
        last_frame_at: at(0),
        problem,
        counters: Object.fromEntries(DEVICE_COUNTERS.map((name) => [name, 0])),
      },
    );
  const row = () => db.knex('gateway').where({ id: 'gw-a' }).first();
  const device = () => db.knex('attendance_biometric_device').first();
  const alarms = () => db.knex('exception_item').pluck('code');

  it('does not believe a last will that is older than the birth, in either order', async () => {
    await status('online', 2);
    await status('offline', 1);
    expect(await row()).toMatchObject({ state: 'online', status_session: 2 });
    await status('offline', 2);
    await status('online', 2);
    expect(await row()).toMatchObject({ state: 'offline' });
    await status('online', 3);
    expect(await row()).toMatchObject({ state: 'online' });
  });

  it('believes the birth of another boot although its new disk counts sessions from 1 again', async () => {
    await status('online', 9, BOOT_A);
    await status('offline', 9, BOOT_A);
    await status('online', 1, BOOT_B);
    expect(await row()).toMatchObject({ state: 'online', status_session: 1, boot_id: BOOT_B });
  });

  it('moves the watermark only when everything up to the head is settled', async () => {
    await health({ head_seq: 2 });
    expect(await device()).toMatchObject({ complete_through: null });
    await ingest.accept(gateway.batch('punch', [gateway.punch(2)]));
    await ingest.idle();
    expect(await device()).toMatchObject({ complete_through: null });
    await ingest.accept(gateway.batch('punch', [gateway.punch(1)]));
    await ingest.idle();
    expect(await device()).toMatchObject({ complete_through: new Date(TEST_NOW_MS) });
  });

  it('never moves the watermark back, and not by an unsynced or wrong clock', async () => {
    await ingest.accept(gateway.batch('punch', [gateway.punch(1)]));
    await ingest.idle();
    const reaching = (offsetMs: number) => [
      { device_id: 'reader-1', state: 'ready', complete_through: at(offsetMs), last_frame_at: null },
    ];
    await health({ head_seq: 1, as_of: at(0) });
    await health({ head_seq: 1, as_of: at(1_000), devices: reaching(-60_000) });
    expect(await device()).toMatchObject({ complete_through: new Date(TEST_NOW_MS) });
    await health({ head_seq: 1, as_of: at(2_000), clock_state: 'unsynced', devices: reaching(2_000) });
    await health({ head_seq: 1, as_of: at(3_600_000), devices: reaching(3_600_000) });
    expect(await device()).toMatchObject({ complete_through: new Date(TEST_NOW_MS) });
  });

  it('keeps a bounded number of waiting claims', async () => {
    for (let n = 0; n < 80; n++) await health({ head_seq: 5 + n, as_of: at(n) });
    expect(await db.knex('gateway_watermark_claim').count('* as n').first()).toEqual({ n: 64 });
  });

  it('case 161: asks for rows again that the gateway may forget but this database does not have, once', async () => {
    await ingest.accept(gateway.batch('punch', [gateway.punch(1)]));
    await ingest.idle();
    await health({ head_seq: 9, acked_seq: 1 });
    expect(sent).toEqual([]);
    await health({ head_seq: 9, acked_seq: 9, as_of: at(1) });
    await health({ head_seq: 9, acked_seq: 9, as_of: at(2) });
    expect(sent).toMatchObject([
      { topic: 'rollcall/v1/gw-a/down/cmd/replay', body: { args: { from_seq: 2 } } },
    ]);
    clock.advance(10 * 60_000);
    await health({ head_seq: 9, acked_seq: 9, as_of: at(3) });
    expect(sent).toHaveLength(2);
  });

  it('case 95: tells a human when two machines alternate under one identity, and hears both', async () => {
    await status('online', 1, BOOT_A);
    await status('online', 2, BOOT_B);
    expect(await alarms()).toEqual([]);
    await health({ boot_id: BOOT_A });
    expect(await alarms()).toEqual(['GATEWAY_CLONED']);
    expect(await row()).toMatchObject({ boot_id: BOOT_A, health_at: new Date(TEST_NOW_MS) });
  });

  it('takes a retained report for what it is: old, and no sign of a second machine', async () => {
    await status('online', 1, BOOT_A);
    await status('online', 2, BOOT_B);
    await health({ boot_id: BOOT_A, as_of: at(-1000) }, true);
    expect(await alarms()).toEqual([]);
    await health({ boot_id: BOOT_B });
    await health({ boot_id: BOOT_A, as_of: at(-1000) }, true);
    expect(await row()).toMatchObject({ health_at: new Date(TEST_NOW_MS) });
  });

  it('case 86: shows what a device reports, leaves maintenance to people, and makes no device up', async () => {
    await deviceStatus('reader-1', 'ready');
    expect(await device()).toMatchObject({ status: 'active', last_seen: new Date(TEST_NOW_MS) });
    await db.knex('attendance_biometric_device').update({ status: 'maintenance' });
    await deviceStatus('reader-1', 'blocked');
    await deviceStatus('reader-9', 'ready');
    expect(await db.knex('attendance_biometric_device')).toMatchObject([
      { device_id: 'reader-1', status: 'maintenance' },
    ]);
  });

  it('takes the state and the last frame of devices from health too, and no frame of the future', async () => {
    const report = (state: string, lastFrameAt: string | null, asOf: number) =>
      health({
        as_of: at(asOf),
        devices: [{ device_id: 'reader-1', state, complete_through: null, last_frame_at: lastFrameAt }],
      });
    await deviceStatus('reader-1', 'probing', { code: 'DEVICE_TIMEOUT', message: 'silent' });
    await report('ready', at(500), 1);
    const { reported, ...ready } = await device();
    expect(ready).toMatchObject({ status: 'active', last_seen: new Date(TEST_NOW_MS) });
    expect(reported).toMatchObject({
      state: 'ready',
      last_frame_at: at(500),
      problem: null,
      driver: 'rdm6300',
    });
    await report('ready', null, 2);
    await report('absent', at(-9_000), 3);
    expect(await device()).toMatchObject({ status: 'inactive', last_seen: new Date(TEST_NOW_MS) });
  });

  it('case 86: never shows a device as away without the reason, whichever of its reports comes first', async () => {
    const problem = { code: 'PORT_ABSENT', message: 'Plug it in' };
    const report = (asOf: number, told: object) =>
      health({
        as_of: at(asOf),
        devices: [
          { device_id: 'reader-1', state: 'absent', complete_through: null, last_frame_at: null, ...told },
        ],
      });
    await deviceStatus('reader-1', 'probing');
    await report(1, { problem });
    expect((await device()).reported).toMatchObject({ state: 'absent', problem });
    const other = { code: 'PORT_LOCKED', message: 'Another program has it' };
    await report(2, { problem: other });
    expect((await device()).reported).toMatchObject({ state: 'absent', problem: other });
    // Software that gives no reasons takes none away.
    await report(3, { last_frame_at: at(-1_000) });
    expect((await device()).reported).toMatchObject({ last_frame_at: at(-1_000), problem: other });
    await report(4, { state: 'ready', problem: null });
    expect((await device()).reported).toMatchObject({ state: 'ready', problem: null });
  });

  it('lets the live pages of every replica know of a change of a device at once', async () => {
    const heard: { type: string }[] = [];
    const listener = await openListener({ url: db.url, log: silentLog, clock: systemClock });
    listener.listen(LIVE_CHANNEL, (payload) => heard.push(JSON.parse(payload)));
    await vi.waitFor(async () => {
      await db.knex.raw('SELECT pg_notify(?, ?)', [LIVE_CHANNEL, '{"type":"listening"}']);
      expect(heard).not.toEqual([]);
    });
    await deviceStatus('reader-1', 'ready');
    await deviceStatus('reader-9', 'ready');
    const notices = () => heard.filter(({ type }) => type !== 'listening');
    await vi.waitFor(() => expect(notices()).toEqual([{ type: 'gateway', ids: ['gw-a'] }]));
    expect(await loadGatewayItems(db.knex, ['gw-a'], TEST_NOW_MS)).toMatchObject([
      { devices: [{ id: 'reader-1', state: 'ready', last_frame_at: at(0) }] },
    ]);
    await listener.close();
  });

  it('shows a gateway without a last will as offline once it is not heard any more', async () => {
    const shown = async () =>
      (await loadGatewayItems(db.knex, ['gw-a'], clock.wallMs())).map(({ state }) => state);
    await status('online', 1);
    clock.advance(GATEWAY_SILENT_AFTER_MS);
    expect(await shown()).toEqual(['online']);
    clock.advance(1);
    expect(await shown()).toEqual(['offline']);
    await health();
    expect(await shown()).toEqual(['online']);
  });

  it('ignores messages that do not fit their contract', async () => {
    await send({ kind: 'health', gatewayId: 'gw-a' }, { v: 1 });
    await router.handle({
      topic: 'rollcall/v1/gw-a/up/status',
      payload: Buffer.from([0xff]),
      retained: false,
    });
    await router.handle({ topic: 'rollcall/v1/gw-a/up/status', payload: Buffer.alloc(0), retained: true });
    expect(await row()).toMatchObject({ state: 'never' });
  });

  it('builds a roster that fits its contract, and a new version only when its content changes', async () => {
    await issueCard(db.knex, { student: 's2', card: 'b', projections: ['w26', 'full'] });
    await issueCard(db.knex, { student: 's1', card: 'a', to: at(60_000) });
    await issueCard(db.knex, { student: 's1', card: 'gone', to: at(-60_000) });
    const [first] = await buildRosters(db, new Date(TEST_NOW_MS));
    const [again] = await buildRosters(db, new Date(TEST_NOW_MS));
    expect(again).toEqual(first);
    const stored = await db.knex('gateway_roster').where({ version: first?.pointer.version }).first();
    const document = rosterDocumentSchema.parse(JSON.parse(stored.document.toString()));
    expect(document.students.map((student) => [student.student_ref, student.credentials.length])).toEqual([
      ['s1', 1],
      ['s2', 1],
    ]);
    expect(document.students[1]?.credentials[0]?.hashes.map((entry) => entry.projection)).toEqual([
      'full',
      'w26',
    ]);
    const [later] = await buildRosters(db, new Date(TEST_NOW_MS + 120_000));
    expect(later?.pointer.version).toBeGreaterThan(first?.pointer.version ?? 0);
    expect(later?.pointer.url).toBe(`/api/v1/attendance/gateways/gw-a/roster/${later?.pointer.version}/`);
  });

  it('numbers the first roster of an empty database above what gateways have from the database before', async () => {
    const version = async (atMs: number) => (await buildRosters(db, new Date(atMs)))[0]?.pointer.version ?? 0;
    const before = await version(TEST_NOW_MS);
    await db.knex('gateway_roster').del();
    expect(await version(TEST_NOW_MS + 1)).toBeGreaterThan(before);
  });

  it('numbers rosters upwards even while the clock of central goes back, and keeps a few of them', async () => {
    const versions: number[] = [];
    for (const n of [0, -2, -1, -4, -3]) {
      await issueCard(db.knex, { student: `s${n}`, card: `card${n}` });
      versions.push((await buildRosters(db, new Date(TEST_NOW_MS + n * 1_000)))[0]?.pointer.version ?? 0);
    }
    expect(versions).toEqual([0, 1, 2, 3, 4].map((step) => TEST_NOW_MS + step));
    expect(await db.knex('gateway_roster').orderBy('version').pluck('version')).toEqual(versions.slice(-3));
  });
});
