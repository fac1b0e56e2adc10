import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { silentLog } from '../log.js';
import { replayUnknown } from '../people/replay-unknown.js';
import type { GatewayAck } from './acks.js';
import { createIngest, type Ingest } from './ingest.js';
import { testHash as hash, issueCard, TEST_NOW_MS, TestGateway } from './test-gateway.js';

describe('whose punch it is', () => {
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
  const minute = (n: number): string => new Date(TEST_NOW_MS - 3_600_000 + n * 60_000).toISOString();
  const outcomes = async () =>
    (
      await db
        .knex('punch')
        .leftJoin('student', 'student.id', 'punch.student_id')
        .orderBy('seq')
        .select('outcome', 'roll_number', 'matched_projection')
    ).map((row) => [row.outcome, row.roll_number, row.matched_projection]);

  it('goes by who had the card at that minute', async () => {
    await issueCard(db.knex, { student: 'old', card: 'card-1', to: minute(10) });
    await issueCard(db.knex, { student: 'new', card: 'card-1', from: minute(20) });
    await send(
      gateway.batch(
        'punch',
        [5, 15, 25].map((n, index) => gateway.punch(index + 1, { occurred_at: minute(n) })),
      ),
    );
    expect(await outcomes()).toEqual([
      ['recognized', 'old', 'full'],
      ['unknown', null, null],
      ['recognized', 'new', 'full'],
    ]);
  });

  it('case 92: makes no mark of a blocked card, and raises an alarm with the place', async () => {
    await issueCard(db.knex, { student: 's1', card: 'card-1', to: minute(10) });
    await issueCard(db.knex, { student: 's1', card: 'card-1', state: 'lost', from: minute(10) });
    await send(
      gateway.batch('punch', [
        gateway.punch(1, { occurred_at: minute(9) }),
        gateway.punch(2, { occurred_at: minute(11) }),
      ]),
    );
    expect(await outcomes()).toEqual([
      ['recognized', 's1', 'full'],
      ['blocked', 's1', 'full'],
    ]);
    const alarm = await db.knex('exception_item').first();
    expect(alarm).toMatchObject({
      code: 'CREDENTIAL_BLOCKED',
      detail: { room_id: 'r101', device_id: 'reader-1' },
    });
  });

  it('takes the strongest projection, flags the weakest, and calls two people nobody', async () => {
    await issueCard(db.knex, { student: 'a', card: 'w', projections: ['w26'], technology: 'wiegand26' });
    await issueCard(db.knex, { student: 'b', card: 'f', projections: ['full'] });
    await issueCard(db.knex, {
      student: 'c',
      card: 'twice',
      projections: ['w26'],
      technology: 'wiegand26',
    });
    await issueCard(db.knex, {
      student: 'd',
      card: 'twice',
      projections: ['w26'],
      technology: 'wiegand26',
    });
    const read = (full: string, w26: string) => ({
      credential: {
        technology: 'em4100',
        hashes: [
          { projection: 'full', hash: hash(full) },
          { projection: 'w26', hash: hash(w26) },
        ],
      },
    });
    await send(
      gateway.batch('punch', [
        gateway.punch(1, read('f', 'w')),
        gateway.punch(2, read('none', 'w')),
        gateway.punch(3, read('none', 'twice')),
      ]),
    );
    expect(await outcomes()).toEqual([
      ['recognized', 'b', 'full'],
      ['recognized', 'a', 'w26'],
      ['ambiguous', null, 'w26'],
    ]);
  });

  it('does not take a card for another one of the same technology that only ends alike', async () => {
    await issueCard(db.knex, { student: 'a', card: 'mine', projections: ['full', 'w26'] });
    const credential = {
      technology: 'em4100',
      hashes: [
        { projection: 'full', hash: hash('strange') },
        { projection: 'w26', hash: hash('mine') },
      ],
    };
    await send(gateway.batch('punch', [gateway.punch(1, { credential })]));
    expect(await outcomes()).toEqual([['unknown', null, null]]);
  });

  it('finds fingers by the student reference', async () => {
    await db.knex('student').insert({ roll_number: 's9', full_name: 'Nine' });
    const finger = (ref: string) => ({
      kind: 'finger',
      credential: undefined,
      student: { student_ref: ref, score: 60 },
    });
    await send(gateway.batch('punch', [gateway.punch(1, finger('s9')), gateway.punch(2, finger('none'))]));
    expect(await outcomes()).toEqual([
      ['recognized', 's9', null],
      ['unknown', null, null],
    ]);
  });

  it('keeps by which finger it was, and does not take another finger for the same punch', async () => {
    await db.knex('student').insert({ roll_number: 's9', full_name: 'Nine' });
    const finger = (seq: number, position: object) =>
      gateway.punch(seq, {
        kind: 'finger',
        credential: undefined,
        student: { student_ref: 's9', score: 60, ...position },
      });
    const said = finger(1, { finger_position: 7 });
    await send(gateway.batch('punch', [said, finger(2, {})]));
    await send(gateway.batch('punch', [said]));
    await send(gateway.batch('punch', [{ ...said, student: { student_ref: 's9', score: 60 } }]));
    expect(await db.knex('punch').orderBy('seq').pluck('finger_position')).toEqual([7, null]);
    const change = db.knex('punch').where({ seq: 1 }).update({ finger_position: 2 });
    await expect(change).rejects.toThrow(/immutable/);
  });

  it('takes a card punch of a terminal for the user whom the terminal knows', async () => {
    await db.knex('student').insert({ roll_number: 's9', full_name: 'Nine' });
    const byCard = {
      kind: 'card',
      verify_method: 'rf',
      credential: undefined,
      student: { student_ref: 's9' },
    };
    await send(gateway.batch('punch', [gateway.punch(1, byCard)]));
    expect(await outcomes()).toEqual([['recognized', 's9', null]]);
  });

  it('never takes the word of a gateway about a card that was read', async () => {
    await db.knex('student').insert({ roll_number: 's9', full_name: 'Nine' });
    await send(gateway.batch('punch', [gateway.punch(1, { student: { student_ref: 's9' } })]));
    expect(await outcomes()).toEqual([['unknown', null, null]]);
  });

  it('finds the finger of a user by the card that the terminal has on file', async () => {
    await issueCard(db.knex, { student: 'a', card: 'on file', projections: ['u32'], technology: 'number32' });
    const credential = { technology: 'number32', hashes: [{ projection: 'u32', hash: hash('on file') }] };
    await send(gateway.batch('punch', [gateway.punch(1, { kind: 'finger', credential })]));
    expect(await outcomes()).toEqual([['recognized', 'a', 'u32']]);
  });

  it('keeps the punch of a user whom nobody knows, and puts the user before a person', async () => {
    const user = (ref: string) => ({
      kind: 'finger',
      verify_method: 'fp',
      credential: undefined,
      student: { student_ref: ref },
      device_time: new Date(TEST_NOW_MS).toISOString(),
    });
    await send(
      gateway.batch('punch', [gateway.punch(1, user('terminal:17')), gateway.punch(2, user('21X'))]),
    );
    expect(await outcomes()).toEqual([
      ['unknown', null, null],
      ['unknown', null, null],
    ]);
    expect(await db.knex('exception_item').select('code', 'detail')).toEqual([
      {
        code: 'TERMINAL_USER_UNKNOWN',
        detail: { device_id: 'reader-1', users: ['21X', 'terminal:17'], punches: 2 },
      },
    ]);
  });

  it('places what waited on the own time of a terminal by the anchor that comes later', async () => {
    const timeline = '00000000-0000-4000-8000-0000000000cc';
    await db.knex('student').insert({ roll_number: 's9', full_name: 'Nine' });
    const entry = {
      kind: 'finger',
      credential: undefined,
      student: { student_ref: 's9' },
      boot_id: timeline,
      mono_ms: 31_000_000_000,
      clock_state: 'unsynced',
      occurred_at: minute(-30),
    };
    await send(gateway.batch('punch', [gateway.punch(1, entry)]));
    expect((await outcomes())[0]?.[0]).toBe('time_unknown');
    const anchor = gateway.anchor(2, {
      boot_id: timeline,
      mono_ms: 31_000_000_000 + 600_000,
      occurred_at: minute(20),
    });
    await send(gateway.batch('anchor', [anchor]));
    expect(await outcomes()).toEqual([['recognized', 's9', null]]);
    expect((await db.knex('punch').first('effective_at'))?.effective_at.toISOString()).toBe(minute(10));
  });

  it.each([
    [{ type: 'log_lines_rejected', device_id: 'reader-1', lines: 2, reason: 'no time' }, 'LOG_LINE_INVALID'],
    [{ type: 'log_gap', device_id: 'reader-1', from: null, through: null, reason: 'x' }, 'DEVICE_LOG_GAP'],
    [{ type: 'device_clock_wrong', device_id: 'reader-1', offset_ms: -1_800_000 }, 'DEVICE_CLOCK_WRONG'],
    [{ type: 'terminals_refused', calls: 300 }, 'TERMINAL_UNKNOWN'],
    [{ type: 'finger_refused', device_id: 'reader-1', reason: 'liveness' }, 'FINGER_NOT_LIVE'],
    [{ type: 'terminal_unknown', serial: 'CKJM1', address: '10.0.0.7' }, 'TERMINAL_UNKNOWN'],
    [
      { type: 'finger_ambiguous', device_id: 'reader-1', student_refs: ['24B81A0501', '24B81A0502'] },
      'AMBIGUOUS_MATCH',
    ],
  ])('puts before a person what a terminal or a scanner has on it (case 114): %o', async (detail, code) => {
    await send(gateway.batch('event', [gateway.event(1, detail)]));
    expect(await db.knex('exception_item').pluck('code')).toEqual([code]);
  });

  it.each([
    [null, false, /who is no student.*still has it/],
    ['s1', false, /who has not consented/],
    ['s1', true, /has it deleted there/],
  ])('puts a finger that a terminal took for user 7 (%s) unasked before a person, once (deleted: %s)', async (ref, deletes, message) => {
    await db.knex('student').insert({ roll_number: 's1', full_name: 'One' });
    const refused = {
      type: 'terminal_finger_refused',
      device_id: 'reader-1',
      user: '7',
      student_ref: ref,
      finger_position: 2,
      deletes,
    };
    await send(gateway.batch('event', [gateway.event(1, refused), gateway.event(2, refused)]));
    const items = await db.knex('exception_item').select('code', 'message', 'student_id');
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      code: 'TERMINAL_FINGER_REFUSED',
      message: expect.stringMatching(message),
      student_id: ref === null ? null : expect.any(String),
    });
  });

  it('case 114: two people each time, and each terminal that nobody entered, are an item of their own', async () => {
    const fits = (...student_refs: string[]) => ({
      type: 'finger_ambiguous',
      device_id: 'reader-1',
      student_refs,
    });
    const unknown = (serial: string) => ({ type: 'terminal_unknown', serial, address: '10.0.0.7' });
    const refused = { type: 'terminals_refused', calls: 300 };
    const sent = [fits('A1', 'A2'), fits('A3', 'A4'), unknown('CKJM1'), unknown('CKJM2'), refused];
    // The other way round they are the same two.
    const twice = [...sent, ...sent, fits('A4', 'A3')].map((detail, index) =>
      gateway.event(index + 1, detail),
    );
    await send(gateway.batch('event', twice));
    expect(await db.knex('exception_item').orderBy('id').pluck('detail')).toEqual(sent);
  });

  it('case 117: a finger that is no living one is an event and one item of its device an hour, and marks nobody', async () => {
    const refused = (seq: number, device: string, more: object = {}) =>
      gateway.event(seq, { type: 'finger_refused', device_id: device, reason: 'liveness', ...more });
    await send(
      gateway.batch('event', [refused(1, 'reader-1'), refused(2, 'reader-1'), refused(3, 'reader-2')]),
    );
    expect(await db.knex('gateway_event').where({ type: 'finger_refused' })).toHaveLength(3);
    const items = await db.knex('exception_item').orderByRaw("detail->>'device_id'");
    expect(items.map(({ code, detail }) => [code, detail])).toEqual([
      ['FINGER_NOT_LIVE', { type: 'finger_refused', device_id: 'reader-1', reason: 'liveness' }],
      ['FINGER_NOT_LIVE', { type: 'finger_refused', device_id: 'reader-2', reason: 'liveness' }],
    ]);
    expect(items.map(({ session_id: session, student_id: student }) => [session, student])).toEqual([
      [null, null],
      [null, null],
    ]);
    expect(await db.knex('punch')).toEqual([]);
    // Nothing of a finger travels with it: not a picture, not a template.
    await send(gateway.batch('event', [refused(4, 'reader-1', { image: 'AAAA' })]));
    expect(await db.knex('quarantine_row').pluck('code')).toEqual(['ROW_INVALID']);
  });

  it('case 91: replays unknown punches of the last two weeks when their card is assigned, by its dates', async () => {
    const days = (n: number) => new Date(TEST_NOW_MS - n * 86_400_000).toISOString();
    await send(
      gateway.batch(
        'punch',
        [15, 13, 2].map((n, index) => gateway.punch(index + 1, { occurred_at: days(n) })),
      ),
    );
    await issueCard(db.knex, { student: 's1', card: 'card-1', from: days(13.5) });
    expect(await replayUnknown({ db, clock }, [Buffer.from(hash('card-1'), 'hex')])).toBe(2);
    expect((await outcomes()).map(([outcome]) => outcome)).toEqual(['unknown', 'recognized', 'recognized']);
  });
});
