import { ManualClock } from '@rollcall/protocol/manual-clock';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deleteRows } from '../db/delete-rows.test-support.js';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { silentLog } from '../log.js';
import { createIngest } from './ingest.js';
import { BOOT_A, BOOT_B, issueCard, TEST_NOW_MS, TestGateway } from './test-gateway.js';

/** Each delivers a morning in some ten transactions; `marks/random-campus` permutes whole days. */
const RUNS = 12;
const ROWS = 24;

const EVIDENCE_TABLES = [
  ...['punch', 'clock_anchor', 'gateway_event', 'quarantine_row', 'gateway_store', 'judgement_todo'],
  'exception_item',
];

interface Sent {
  kind: 'punch' | 'anchor' | 'event';
  row: { seq: number } & Record<string, unknown>;
}

/** A morning of one gateway: two boots, one of them without a clock at first, known and unknown cards, poison. */
function morning(gateway: TestGateway): Sent[] {
  return Array.from({ length: ROWS }, (_, index): Sent => {
    const seq = index + 1;
    const boot =
      seq <= 14
        ? { boot_id: BOOT_A, clock_state: 'unsynced', occurred_at: '2000-01-01T00:00:00.000Z' }
        : { boot_id: BOOT_B };
    if (seq === 5)
      return {
        kind: 'anchor',
        row: gateway.anchor(seq, { boot_id: BOOT_A, clock_state: 'unsynced', source: 'start' }),
      };
    if (seq === 9) return { kind: 'anchor', row: gateway.anchor(seq, { boot_id: BOOT_A }) };
    // The clocks drift apart: a row placed by the wrong anchor shows.
    const drifted = { occurred_at: new Date(TEST_NOW_MS - 3_600_000 + seq * 1000 + 700).toISOString() };
    if (seq === 14) return { kind: 'anchor', row: gateway.anchor(seq, { boot_id: BOOT_A, ...drifted }) };
    if (seq === 17)
      return { kind: 'event', row: gateway.event(seq, { type: 'store_full', refused_taps: 2 }) };
    if (seq === 20) return { kind: 'punch', row: { ...gateway.punch(seq), kind: 'retina' } };
    return { kind: 'punch', row: gateway.punch(seq, { ...boot, card: `card-${seq % 4}` }) };
  });
}

describe('evidence in any order', () => {
  let db: TestDatabase;
  let gateway: TestGateway;
  beforeAll(async () => {
    db = await openTestDatabase();
    gateway = new TestGateway('gw-a');
    await gateway.register(db.knex);
    await issueCard(db.knex, { student: 's0', card: 'card-0' });
    await issueCard(db.knex, {
      student: 's1',
      card: 'card-1',
      to: new Date(TEST_NOW_MS - 3_600_000 + 10_000).toISOString(),
    });
    await issueCard(db.knex, {
      student: 's2',
      card: 'card-1',
      from: new Date(TEST_NOW_MS - 3_600_000 + 10_000).toISOString(),
    });
    await seedClass();
  });
  afterAll(() => db.close());

  async function seedClass(): Promise<void> {
    const { knex } = db;
    await knex('academic_period').insert({
      id: 'p',
      campus_id: 'main',
      name: 'p',
      starts_on: '2026-01-01',
      ends_on: '2026-12-31',
    });
    await knex('course').insert({ code: 'C', title: 'C' });
    await knex('faculty').insert({ code: 'F', full_name: 'F' });
    await knex('section').insert({ id: 'sec', name: 'sec' });
    await knex.raw(
      "INSERT INTO roster_membership (section_id, student_id, valid_during) SELECT 'sec', id, '[2026-01-01,2027-01-01)' FROM student",
    );
    await knex('attendance_session').insert({
      academic_period_id: 'p',
      section_id: 'sec',
      course_code: 'C',
      faculty_code: 'F',
      room_id: 'r101',
      scheduled_date: '2026-07-07',
      start_at: new Date(TEST_NOW_MS - 3_600_000),
      end_at: new Date(TEST_NOW_MS),
      reach_from: new Date(TEST_NOW_MS - 5_400_000),
      reach_until: new Date(TEST_NOW_MS + 300_000),
      policy: {},
    });
  }

  async function settledAfter(deliveries: Sent[][]) {
    await deleteRows(db.knex, EVIDENCE_TABLES);
    const acks: number[] = [];
    const ingest = createIngest({
      db,
      clock: new ManualClock(TEST_NOW_MS),
      log: silentLog,
      sendAck: ({ ack }) => acks.push(ack.through_seq),
    });
    for (const delivery of deliveries) {
      for (const kind of ['event', 'punch', 'anchor'] as const) {
        const rows = delivery.filter((sent) => sent.kind === kind).map((sent) => sent.row);
        if (rows.length > 0) await ingest.accept(gateway.batch(kind, rows));
      }
      // Some deliveries share a transaction and some do not.
      if (delivery.length % 2 === 0) await ingest.idle();
    }
    await ingest.idle();
    await ingest.stop();
    const knex = db.knex;
    return {
      punches: (await knex('punch').orderBy('seq')).map(({ received_at: _receivedAt, ...row }) => row),
      anchors: await knex('clock_anchor').orderBy('seq'),
      events: (await knex('gateway_event').orderBy('seq')).map(({ received_at: _receivedAt, ...row }) => row),
      quarantine: (await knex('quarantine_row').orderBy('seq')).map(
        ({ received_at: _receivedAt, ...row }) => row,
      ),
      settled: (await knex('gateway_store').first('settled')).settled,
      throughSeq: Math.max(...acks),
      judged: await knex('judgement_todo').distinct('student_id').orderBy('student_id').pluck('student_id'),
    };
  }

  it('settles the same rows with the same times and owners, and acks the same seq', async () => {
    const all = morning(gateway);
    const expected = await settledAfter([all]);
    expect(expected.throughSeq).toBe(ROWS);
    expect(expected.punches).toHaveLength(ROWS - 5);
    expect(new Set(expected.punches.map((row) => row.outcome))).toEqual(new Set(['recognized', 'unknown']));
    const deliveries = fc
      .tuple(
        fc.shuffledSubarray(all, { minLength: all.length }),
        fc.array(fc.constantFrom(...all), { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 60, maxLength: 60 }),
      )
      .map(([order, repeated, sizes]) => {
        const rows = [...order];
        for (const [index, row] of repeated.entries()) rows.splice((index * 7) % (rows.length + 1), 0, row);
        return sizes.flatMap((size) => (rows.length === 0 ? [] : [rows.splice(0, size)]));
      });
    await fc.assert(
      fc.asyncProperty(deliveries, async (batches) => {
        // A shuffled subarray of full length is a permutation; sizes that run out leave rows unsent.
        fc.pre(batches.flat().length >= ROWS && new Set(batches.flat()).size === ROWS);
        expect(await settledAfter(batches)).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
  });
});
