import { ManualClock } from '@rollcall/protocol/manual-clock';
import { effectiveTime } from '@rollcall/protocol/retime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { silentLog } from '../log.js';
import type { GatewayAck } from './acks.js';
import { createIngest, type Ingest } from './ingest.js';
import { MESSAGES_PER_HOUR_MAX } from './quarantine-messages.js';
import { BOOT_A, BOOT_B, issueCard, punchIdOf, TEST_NOW_MS, TestGateway } from './test-gateway.js';

describe('ingest', () => {
  let db: TestDatabase;
  let clock: ManualClock;
  let ingest: Ingest;
  let acks: GatewayAck[];
  let gateway: TestGateway;

  beforeEach(async () => {
    db = await openTestDatabase();
    clock = new ManualClock(TEST_NOW_MS);
    acks = [];
    ingest = createIngest({ db, clock, log: silentLog, sendAck: (ack) => acks.push(ack) });
    gateway = new TestGateway('gw-a');
    await gateway.register(db.knex);
  });
  afterEach(async () => {
    await ingest.stop();
    await db.close();
  });

  async function send(...batches: Parameters<Ingest['accept']>[0][]): Promise<void> {
    await Promise.all(batches.map((batch) => ingest.accept(batch)));
    await ingest.idle();
  }
  const lastAck = () => acks.at(-1)?.ack;
  const punches = (): Promise<Record<string, unknown>[]> => db.knex('punch').orderBy('seq').select();
  const alarms = async (): Promise<string[]> =>
    (await db.knex('exception_item').orderBy('id')).map((row) => row.code);

  it('case 77: stores a punch, acks it, and takes repetitions for what they are', async () => {
    for (let times = 0; times < 3; times++) await send(gateway.batch('punch', [gateway.punch(1)]));
    expect(await punches()).toMatchObject([
      { seq: 1, gateway_id: 'gw-a', room_id: 'r101', outcome: 'unknown' },
    ]);
    expect(acks.map(({ ack }) => ack.through_seq)).toEqual([1, 1, 1]);
    expect(await alarms()).toEqual([]);
  });

  it('acks only up to the first missing row, whatever arrived above it', async () => {
    await send(gateway.batch('punch', [gateway.punch(3), gateway.punch(2)]));
    expect(lastAck()).toMatchObject({ through_seq: 0, rejected: [] });
    await send(gateway.batch('anchor', [gateway.anchor(1)]));
    expect(lastAck()).toMatchObject({ through_seq: 3 });
  });

  it('puts a poison row into quarantine, acks it and lets the others pass', async () => {
    const poison = [
      { ...gateway.punch(2), kind: 'retina' },
      { ...gateway.punch(3), device_id: 'a/b' },
      { ...gateway.punch(4), verify_method: 'nul\0' },
      { ...gateway.punch(5), student: { student_ref: 'x', score: 1e300 } },
      { ...gateway.punch(6), mono_ms: Number.MAX_SAFE_INTEGER },
      { ...gateway.punch(7), note: '\ud800 alone' },
      { ...gateway.punch(8), occurred_at: '0000-01-01T00:00:00.000Z' },
    ];
    await send(gateway.batch('punch', [gateway.punch(1), ...poison, gateway.punch(9)]));
    expect((await punches()).map((row) => row['seq'])).toEqual([1, 9]);
    expect(lastAck()).toMatchObject({
      through_seq: 9,
      rejected: [2, 3, 4, 5, 6, 7, 8].map((seq) => ({ seq, code: 'ROW_INVALID' })),
    });
    expect(await alarms()).toEqual(['ROW_INVALID']);
  });

  it('finds the one row that PostgreSQL itself refuses, and stores all others', async () => {
    await db.knex.raw(`
      CREATE FUNCTION refuse_third() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.seq = 3 THEN RAISE EXCEPTION 'not this one' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$;
      CREATE TRIGGER refuse_third BEFORE INSERT ON punch FOR EACH ROW EXECUTE FUNCTION refuse_third()`);
    await send(
      gateway.batch(
        'punch',
        [1, 2, 3, 4, 5].map((seq) => gateway.punch(seq)),
      ),
    );
    expect((await punches()).map((row) => row['seq'])).toEqual([1, 2, 4, 5]);
    expect(lastAck()).toMatchObject({ through_seq: 5, rejected: [{ seq: 3, code: 'ROW_INVALID' }] });
  });

  it('case 89: quarantines a punch more than two minutes ahead of central and keeps one exactly two minutes ahead', async () => {
    const at = (ms: number) => ({ occurred_at: new Date(TEST_NOW_MS + ms).toISOString() });
    await send(gateway.batch('punch', [gateway.punch(1, at(120_000)), gateway.punch(2, at(120_001))]));
    expect((await punches()).map((row) => row['seq'])).toEqual([1]);
    expect(lastAck()).toMatchObject({ through_seq: 2, rejected: [{ seq: 2, code: 'TIME_IN_FUTURE' }] });
  });

  it('case 78: keeps the first of two contents under one identity, refuses the second and raises an alarm', async () => {
    await send(gateway.batch('punch', [gateway.punch(1)]));
    await send(gateway.batch('punch', [gateway.punch(1, { card: 'other' })]));
    expect(await punches()).toHaveLength(1);
    expect(lastAck()).toMatchObject({ through_seq: 1, rejected: [{ seq: 1, code: 'EVENT_ID_CONFLICT' }] });
    expect(await alarms()).toEqual(['EVENT_ID_CONFLICT']);
  });

  it.each([
    ['the same seq as another kind of row', (g: TestGateway) => g.batch('anchor', [g.anchor(1)])],
    [
      'a punch_id of another seq',
      (g: TestGateway) => g.batch('punch', [g.punch(2, { punch_id: punchIdOf(g.id, g.storeId, 1) })]),
    ],
  ])('refuses %s as a conflict and still settles it', async (_what, second) => {
    await send(gateway.batch('punch', [gateway.punch(1)]));
    await send(second(gateway));
    expect(await punches()).toHaveLength(1);
    expect(await alarms()).toEqual(['EVENT_ID_CONFLICT']);
    expect(lastAck()?.rejected.map((row) => row.code)).toEqual(['EVENT_ID_CONFLICT']);
  });

  it('case 78: refuses the one of many that has the id of another row, and stores all others', async () => {
    await send(gateway.batch('punch', [gateway.punch(1)]));
    const many = Array.from({ length: 250 }, (_, index) => gateway.punch(index + 2));
    const taken = { ...gateway.punch(200), punch_id: punchIdOf(gateway.id, gateway.storeId, 1) };
    await send(
      gateway.batch(
        'punch',
        many.map((row) => (row.seq === 200 ? taken : row)),
      ),
    );
    expect(await punches()).toHaveLength(250);
    expect(await alarms()).toEqual(['EVENT_ID_CONFLICT']);
    expect(lastAck()).toMatchObject({
      through_seq: 251,
      rejected: [{ seq: 200, code: 'EVENT_ID_CONFLICT' }],
    });
  });

  it('sees a contradiction inside one transaction too', async () => {
    await send(gateway.batch('punch', [gateway.punch(1), gateway.punch(1, { card: 'other' })]));
    expect(await punches()).toHaveLength(1);
    expect(await alarms()).toEqual(['EVENT_ID_CONFLICT']);
  });

  it('settles seqs declared lost, shows it to a human, and still takes the rows if they turn up', async () => {
    await send(gateway.batch('punch', [gateway.punch(1)]));
    const event = gateway.event(4, { type: 'seq_lost', from_seq: 2, through_seq: 3, reason: 'bad block' });
    await send(gateway.batch('event', [event]));
    expect(lastAck()).toMatchObject({ through_seq: 4 });
    expect(await alarms()).toEqual(['SEQ_LOST']);
    await send(gateway.batch('punch', [gateway.punch(2)]));
    expect((await punches()).map((row) => row['seq'])).toEqual([1, 2]);
    expect(await alarms()).toEqual(['SEQ_LOST']);
  });

  it('refuses to settle the future by a seq_lost beyond its own seq', async () => {
    await send(
      gateway.batch('event', [
        gateway.event(1, { type: 'seq_lost', from_seq: 1, through_seq: 99, reason: 'x' }),
      ]),
    );
    expect(lastAck()).toMatchObject({ through_seq: 1, rejected: [{ seq: 1, code: 'ROW_INVALID' }] });
  });

  describe('messages that do not count', () => {
    const forged = (): Record<string, [string, Parameters<Ingest['accept']>[0]]> => {
      const good = gateway.batch('punch', [gateway.punch(1)]);
      const impostor = new TestGateway('gw-a');
      const changed = Uint8Array.from(good.payload);
      changed[changed.length - 10] = (changed[changed.length - 10] ?? 0) ^ 1;
      return {
        'a changed byte': ['SIGNATURE_INVALID', { ...good, payload: changed }],
        'an unregistered key': ['SIGNATURE_INVALID', impostor.batch('punch', [gateway.punch(1)])],
        'no signature': ['SIGNATURE_MISSING', { ...good, payload: Buffer.from('{"v":1}\n{}') }],
        'no header': ['SIGNATURE_MISSING', { ...good, payload: Buffer.from('hello') }],
        'another gateway on the topic': ['GATEWAY_UNKNOWN', { ...good, gatewayId: 'gw-b' }],
        'another gateway in the body': [
          'BATCH_INVALID',
          gateway.batch('punch', [gateway.punch(1)], { gateway_id: 'gw-b' }),
        ],
        'another version': [
          'SCHEMA_VERSION_UNSUPPORTED',
          gateway.batch('punch', [gateway.punch(1)], { v: 2 }),
        ],
        'an unknown field': ['BATCH_INVALID', gateway.batch('punch', [gateway.punch(1)], { extra: true })],
        'no rows': ['BATCH_INVALID', gateway.batch('punch', [])],
        'too many bytes': ['BATCH_TOO_LARGE', { ...good, payload: Buffer.alloc(1024 * 1024 + 1) }],
      };
    };

    it('keeps them apart with an alarm, acks nothing, and blocks nobody', async () => {
      for (const [what, [code, batch]] of Object.entries(forged())) {
        await send(batch);
        const last = await db.knex('quarantine_message').orderBy('id', 'desc').first();
        expect(last, what).toMatchObject({ code, claimed_gateway_id: batch.gatewayId });
      }
      expect(acks).toEqual([]);
      expect(await punches()).toEqual([]);
      expect(await alarms()).toContain('SIGNATURE_INVALID');
      await send(gateway.batch('punch', [gateway.punch(1)]));
      expect(lastAck()).toMatchObject({ through_seq: 1 });
    });

    it('keeps a bounded number of them per sender and hour', async () => {
      const batch = { ...gateway.batch('punch', [gateway.punch(1)]), payload: Buffer.from('x') };
      for (let sent = 0; sent < MESSAGES_PER_HOUR_MAX + 5; sent++) await send(batch);
      expect(await db.knex('quarantine_message')).toHaveLength(MESSAGES_PER_HOUR_MAX);
      expect(await alarms()).toEqual(['SIGNATURE_MISSING']);
    });

    it('stops believing a key after it is revoked', async () => {
      await send(gateway.batch('punch', [gateway.punch(1)]));
      await db.knex('gateway_key').update({ revoked_at: new Date() });
      clock.advance(60_000);
      await send(gateway.batch('punch', [gateway.punch(2)]));
      expect(await punches()).toHaveLength(1);
    });
  });

  describe('time', () => {
    const unsynced = (seq: number) =>
      gateway.punch(seq, { clock_state: 'unsynced', occurred_at: '2000-01-01T00:00:00.000Z' });

    it('case 88: never uses an unsynced clock: the row waits for an anchor of its boot and is placed by it', async () => {
      await issueCard(db.knex, { student: 's1', card: 'card-1' });
      await send(gateway.batch('punch', [unsynced(1), unsynced(2)]));
      expect(await punches()).toMatchObject([
        { outcome: 'time_unknown', effective_at: null, time_source: 'unknown' },
        {},
      ]);
      await send(gateway.batch('anchor', [gateway.anchor(3, { boot_id: BOOT_B }), gateway.anchor(4)]));
      expect(await punches()).toMatchObject([
        {
          outcome: 'recognized',
          time_source: 'clock_anchor',
          effective_at: new Date(TEST_NOW_MS - 3_600_000 + 1000),
        },
        {
          outcome: 'recognized',
          time_source: 'clock_anchor',
          effective_at: new Date(TEST_NOW_MS - 3_600_000 + 2000),
        },
      ]);
    });

    it('moves a row to a nearer anchor that comes later, and no other row', async () => {
      const early = gateway.anchor(1, { occurred_at: new Date(TEST_NOW_MS - 7_200_000).toISOString() });
      await send(gateway.batch('anchor', [early]), gateway.batch('punch', [unsynced(2), unsynced(9)]));
      const [near] = await punches();
      await send(gateway.batch('anchor', [gateway.anchor(10)]));
      const after = await punches();
      expect(after[0]).toEqual(near);
      expect(after[1]).toMatchObject({ effective_at: new Date(TEST_NOW_MS - 3_600_000 + 9000) });
    });

    it('breaks ties between anchors as the protocol does: by seq, then by place, whichever came first', async () => {
      const wall = (ms: number) => ({ occurred_at: new Date(TEST_NOW_MS - 5_000_000 + ms).toISOString() });
      const secondStore = gateway.withStore('00000000-0000-4000-8000-0000000000ff');
      // Both are 1 s from the punch; equal seqs exist only across two stores of one boot.
      const before = { mono_ms: 1_003_000, ...wall(1) };
      const after = { mono_ms: 1_005_000, ...wall(2) };
      const expected = effectiveTime(
        { bootId: BOOT_A, monoMs: 1_004_000, occurredAtMs: 0, clockState: 'unsynced' },
        [before, after].map(({ mono_ms, occurred_at }) => ({
          bootId: BOOT_A,
          monoMs: mono_ms,
          wallMs: Date.parse(occurred_at),
          seq: 9,
        })),
      );
      await send(gateway.batch('punch', [unsynced(4)]));
      await send(secondStore.batch('anchor', [secondStore.anchor(9, after)]));
      await send(gateway.batch('anchor', [gateway.anchor(9, before)]));
      expect(await punches()).toMatchObject([{ effective_at: new Date(expected.effectiveAtMs ?? 0) }]);
    });

    it('ignores anchors of a clock that is not synced', async () => {
      await send(
        gateway.batch('anchor', [gateway.anchor(1, { clock_state: 'stepped', boot_id: BOOT_A })]),
        gateway.batch('punch', [unsynced(2)]),
      );
      expect(await punches()).toMatchObject([{ outcome: 'time_unknown' }]);
    });
  });
});
