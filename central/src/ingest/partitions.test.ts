import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { makePunchPartitionsJob } from '../jobs/make-punch-partitions.js';
import { silentLog } from '../log.js';
import { CAPTURES_SQL } from '../marks/load-captures.js';
import { earliestReceivedMonth } from '../people/received-month.js';
import { rollNumber, seedTestCampus } from '../seed/test-campus.js';
import type { GatewayAck } from './acks.js';
import { createIngest, type Ingest } from './ingest.js';
import { punchIdOf, TestGateway } from './test-gateway.js';

/** The last seconds of July in UTC. */
const JULY_END_MS = Date.UTC(2026, 6, 31, 23, 59, 58);
const MONTHS = ['2026-05-01', '2026-06-01', '2026-07-01', '2026-08-01'];

interface PlanNode {
  'Relation Name'?: string;
  'Actual Loops': number;
  Plans?: PlanNode[];
}
const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

describe('punches by month', () => {
  let db: TestDatabase;
  let clock: ManualClock;
  let ingest: Ingest;
  let acks: GatewayAck[];
  let gateway: TestGateway;

  beforeAll(async () => {
    db = await openTestDatabase();
    await seedTestCampus(db, new ManualClock(Date.UTC(2026, 6, 7)));
    gateway = new TestGateway('gw-a');
    await db
      .knex('gateway_key')
      .insert({ key_id: gateway.keyId, gateway_id: 'gw-a', public_key: gateway.publicKey });
  });
  afterAll(() => db?.close());
  beforeEach(async () => {
    await db.knex.raw('TRUNCATE punch, gateway_store, quarantine_row, exception_item');
    clock = new ManualClock(JULY_END_MS);
    acks = [];
    ingest = createIngest({ db, clock, log: silentLog, sendAck: (ack) => acks.push(ack) });
  });

  const partitions = async (): Promise<string[]> =>
    (
      await db.knex.raw<{ rows: { name: string }[] }>(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'punch'::regclass ORDER BY 1",
      )
    ).rows.map(({ name }) => name);
  const places = async (): Promise<[number, string][]> =>
    (
      await db.knex.raw<{ rows: { seq: number; place: string }[] }>(
        'SELECT seq, tableoid::regclass::text AS place FROM punch ORDER BY received_at, seq',
      )
    ).rows.map(({ seq, place }) => [seq, place]);
  async function send(...rows: (Record<string, unknown> & { seq: number })[]): Promise<void> {
    await ingest.accept(gateway.batch('punch', rows));
    await ingest.idle();
  }
  const codes = () => db.knex('quarantine_row').orderBy('seq').pluck('code');

  it('are kept in the default partition until theirs is made, which takes them along', async () => {
    await send(gateway.punch(1), gateway.punch(2));
    expect(await places()).toEqual([
      [1, 'punch_default'],
      [2, 'punch_default'],
    ]);
    expect(await makePunchPartitionsJob.run({ db, clock, log: silentLog })).toBe('4 partitions made');
    expect(await places()).toEqual([
      [1, 'punch_2026_07'],
      [2, 'punch_2026_07'],
    ]);
    expect(await partitions()).toEqual(
      expect.arrayContaining(['punch_2026_07', 'punch_2026_08', 'punch_2026_09', 'punch_2026_10']),
    );
    expect(await makePunchPartitionsJob.run({ db, clock, log: silentLog })).toBeUndefined();
    await expect(db.knex('punch').where({ seq: 1 }).delete()).rejects.toThrow(/immutable/);
    await expect(db.knex('punch').where({ seq: 1 }).update({ device_id: 'x' })).rejects.toThrow(/immutable/);
  });

  it('of any month are found again when they are repeated in another one', async () => {
    await send(gateway.punch(1));
    clock.advance(5_000);
    await send(gateway.punch(1), gateway.punch(2));
    expect((await places()).map(([seq]) => seq)).toEqual([1, 2]);
    expect(acks.at(-1)?.ack).toMatchObject({ through_seq: 2, rejected: [] });
    await send(gateway.punch(1, { card: 'other' }));
    expect(await codes()).toEqual(['EVENT_ID_CONFLICT']);
  });

  it('case 78: with an id of another one are refused also when a month lies between them', async () => {
    await send(gateway.punch(1));
    clock.advance(5_000);
    await send(gateway.punch(2, { punch_id: punchIdOf(gateway.id, gateway.storeId, 1) }), gateway.punch(3));
    expect((await places()).map(([seq]) => seq)).toEqual([1, 3]);
    expect(acks.at(-1)?.ack).toMatchObject({
      through_seq: 3,
      rejected: [{ seq: 2, code: 'EVENT_ID_CONFLICT' }],
    });
  });

  it('are looked for in the months that can hold them, and in no other', async () => {
    const { knex } = db;
    for (const month of MONTHS) await knex.raw('SELECT make_punch_partition(?::date)', [month]);
    const session = await knex('attendance_session').first('id', 'start_at');
    const student = await knex('student')
      .where({ roll_number: rollNumber(0) })
      .first('id');
    await send(gateway.punch(1, { occurred_at: session.start_at.toISOString() }));
    await knex.raw("UPDATE punch SET student_id = ?, outcome = 'recognized'", [student.id]);
    const month = earliestReceivedMonth(session.start_at.getTime());
    const { rows } = await knex.raw<{ rows: { 'QUERY PLAN': [{ Plan: PlanNode }] }[] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${CAPTURES_SQL}`,
      [
        ...[session.id, student.id, session.start_at, session.start_at].map((value) => [value, value, value]),
        month,
        month,
      ] as never,
    );
    const looks = new Map<string, number>();
    for (const node of nodesOf(rows[0]?.['QUERY PLAN'][0].Plan as PlanNode)) {
      const name = node['Relation Name'];
      if (name === undefined) continue;
      looks.set(name, (looks.get(name) ?? 0) + node['Actual Loops']);
    }
    expect(looks.get('punch_2026_07')).toBeGreaterThanOrEqual(3);
    expect(looks.get('punch_2026_05') ?? 0).toBe(0);
    expect(looks.get('punch_2026_06') ?? 0).toBe(0);
    // Once for all pairs, to learn that there is nothing in it.
    expect(looks.get('punch_2026_08')).toBe(1);
  });
});
