import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../http/test-server.js';
import { readQuarantineAgainJob } from '../jobs/read-quarantine-again.js';
import { silentLog } from '../log.js';
import { CampusGateway } from './campus-gateway.js';
import { commitRows } from './commit-rows.js';
import {
  auditedReadings,
  keepAsOlder,
  keptRows,
  punchesOf,
  refuseAsOlder,
  type SentRow,
} from './older-central.test-support.js';
import { READING } from './reading.js';
import { releaseFutureRows } from './release-future-rows.js';
import { TestGateway } from './test-gateway.js';

let server: TestServer;
let gateway: CampusGateway;
beforeEach(async () => {
  server = await TestServer.start();
  gateway = await CampusGateway.of(server);
});
afterEach(async () => {
  await gateway?.stop();
  await server?.stop();
});

/** Stands for whatever the checks of ingest overlook. */
async function refuseMethod(): Promise<void> {
  await server.db.knex.raw(
    "ALTER TABLE punch ADD CONSTRAINT of_test CHECK (verify_method IS DISTINCT FROM 'refused')",
  );
}

const minuteAgo = (): Date => new Date(server.clock.wallMs() - 60_000);
const readAgain = () => readQuarantineAgainJob.run({ db: server.db, clock: server.clock, log: silentLog });
const kept = () => keptRows(server);
const punches = () => punchesOf(server, gateway.gateway.storeId);
const audited = () => auditedReadings(server);

describe('case 163: a row that PostgreSQL refuses although every check lets it pass', () => {
  const refusedRow = (student: number): SentRow =>
    gateway.punch(minuteAgo(), { student, row: { verify_method: 'refused' } });
  beforeEach(refuseMethod);

  it('keeps nothing else from being read: not its neighbors, not other gateways, not messages', async () => {
    const rows = [
      gateway.punch(minuteAgo(), { student: 3 }),
      refusedRow(4),
      gateway.punch(minuteAgo(), { student: 5 }),
    ];
    await keepAsOlder(server, gateway.gateway, 'punch', ...rows);
    const other = new TestGateway('gw-b');
    await other.register(server.db.knex);
    await keepAsOlder(server, other, 'punch', other.punch(1));
    const inMessage = [refusedRow(6), gateway.punch(minuteAgo(), { student: 7 })];
    await refuseAsOlder(server, 'BATCH_INVALID', gateway.gateway.batch('punch', inMessage));
    expect(await readAgain()).toBe('3 rows and 1 messages became evidence');
    expect((await punches()).map(({ seq }) => seq)).toEqual([1, 3, 5]);
    expect(await server.db.knex('punch').where({ store_id: other.storeId })).toHaveLength(1);
    expect(await server.db.knex('quarantine_row').whereNull('resolved_at').orderBy('seq')).toMatchObject([
      { seq: 2, code: 'ROW_INVALID', read_by: [READING], problem: expect.stringContaining('(23514)') },
      { seq: 4, code: 'ROW_INVALID', problem: expect.stringContaining('(23514)') },
    ]);
    expect(await audited()).toHaveLength(4);
    expect(
      await server.db.knex('exception_item').where({ code: 'ROW_INVALID', resolved_at: null }),
    ).toMatchObject([{ gateway_id: 'gw-a' }]);
  });

  it('is tried once by this reading, wherever it came from', async () => {
    await gateway.send('punch', [refusedRow(4)]);
    expect(await kept()).toMatchObject([{ seq: 1, code: 'ROW_INVALID', read_by: [] }]);
    await readAgain();
    await readAgain();
    expect(await kept()).toMatchObject([
      { seq: 1, code: 'ROW_INVALID', resolved_at: null, read_by: [READING] },
    ]);
  });

  it('does not make up for a database that is away: that ends the run, and nothing is noted', async () => {
    await keepAsOlder(server, gateway.gateway, 'punch', gateway.punch(minuteAgo(), { student: 3 }));
    await server.db.knex.raw(`
      CREATE FUNCTION shut_down() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'going down' USING ERRCODE = '57P01'; END $$;
      CREATE TRIGGER shut_down BEFORE INSERT ON punch FOR EACH ROW EXECUTE FUNCTION shut_down()`);
    await expect(readAgain()).rejects.toThrow('going down');
    expect(await kept()).toMatchObject([{ resolved_at: null, read_by: [] }]);
    await server.db.knex.raw('DROP TRIGGER shut_down ON punch');
    expect(await readAgain()).toBe('1 rows and 0 messages became evidence');
  });

  it('of a gateway that cannot be read at all leaves the gateways after it alone', async () => {
    await keepAsOlder(server, gateway.gateway, 'punch', gateway.punch(minuteAgo(), { student: 3 }));
    const other = new TestGateway('gw-b');
    await other.register(server.db.knex);
    await keepAsOlder(server, other, 'punch', other.punch(1));
    await server.db.knex.raw(
      "ALTER TABLE quarantine_row ADD CONSTRAINT of_test CHECK (gateway_id <> 'gw-a' OR resolved_at IS NULL)",
    );
    expect(await readAgain()).toBe('1 rows and 0 messages became evidence');
    expect(await punches()).toEqual([]);
  });
});

describe('case 78: a row whose identity is evidence already when it is read again', () => {
  it('is a contradiction where it says another thing, in whatever month, and nothing where it repeats it', async () => {
    const same = gateway.punch(minuteAgo(), { student: 3 });
    const other = gateway.punch(minuteAgo(), { student: 4 });
    const anchor = gateway.anchor({});
    await gateway.send('punch', [same, other]);
    await gateway.send('anchor', [anchor]);
    const before = await punches();
    server.clock.stepWall(31 * 86_400_000);
    await keepAsOlder(server, gateway.gateway, 'punch', same, { ...other, direction_hint: 'out' });
    await keepAsOlder(server, gateway.gateway, 'anchor', { ...anchor, mono_ms: 7 });
    expect(await readAgain()).toBeUndefined();
    expect(await kept()).toMatchObject([
      { seq: same.seq, resolved_at: new Date(server.clock.wallMs()) },
      { seq: other.seq, code: 'EVENT_ID_CONFLICT', resolved_at: null },
      { seq: anchor.seq, code: 'EVENT_ID_CONFLICT', resolved_at: null },
    ]);
    expect([await punches(), await audited()]).toEqual([before, []]);
    expect(await server.db.knex('exception_item').where({ resolved_at: null }).pluck('code')).toEqual([
      'EVENT_ID_CONFLICT',
    ]);
  });
});

describe('case 163: rows of a clock that was ahead, when it is known by how much', () => {
  const AHEAD_MS = 600_000;
  const keepEarly = (body: SentRow): Promise<unknown> => {
    const { id: gatewayId, storeId } = gateway.gateway;
    const row = { gatewayId, storeId, seq: body.seq, body, kind: 'poison', sentAs: 'punch' } as const;
    const early = { ...row, code: 'TIME_IN_FUTURE', problem: 'occurred_at: is ahead' } as const;
    return commitRows(server.db, [early], new Date(server.clock.wallMs()));
  };
  const release = (): Promise<number> =>
    server.db.knex.transaction((trx) => releaseFutureRows(trx, ['gw-a'], new Date(server.clock.wallMs())));
  const early = (row: object): SentRow =>
    gateway.punch(new Date(minuteAgo().getTime() + AHEAD_MS), { student: 3, row: { ...row } });
  const offsetIsKnown = (): Promise<unknown> =>
    server.db.knex('gateway_clock_offset').insert({
      gateway_id: 'gw-a',
      during: '[2020-01-01,)',
      offset_ms: AHEAD_MS,
      source: 'person',
      set_at: new Date(server.clock.wallMs()),
    });

  it('wait for a newer central where this one cannot read them, even one that has tried them before', async () => {
    await keepEarly(early({ of_the_future: true }));
    await keepEarly(early({}));
    await server.db.knex('quarantine_row').update({ read_by: ['newer'] });
    await offsetIsKnown();
    expect(await release()).toBe(1);
    expect(await kept()).toMatchObject([
      { seq: 1, code: 'ROW_INVALID', resolved_at: null, read_by: [] },
      { seq: 2, code: 'TIME_IN_FUTURE', resolved_at: new Date(server.clock.wallMs()) },
    ]);
    expect(
      await server.db.knex('exception_item').where({ code: 'ROW_INVALID', resolved_at: null }),
    ).toHaveLength(1);
    // This one looks at it once more; then one that knows the member, which is one that does not see it.
    expect(await readAgain()).toBeUndefined();
    await server.db.knex.raw("UPDATE quarantine_row SET body = body - 'of_the_future', read_by = '{}'");
    await readAgain();
    expect((await punches()).map(({ seq }) => seq)).toEqual([1, 2]);
    expect((await kept()).map(({ resolved_at: at }) => at)).not.toContain(null);
  });

  it('do not hold each other up where PostgreSQL refuses one, and do not end what their gateway sends', async () => {
    await refuseMethod();
    await keepEarly(early({ verify_method: 'refused' }));
    await keepEarly(early({}));
    await offsetIsKnown();
    // One more row of the future brings them out, in the transaction of ingest.
    await gateway.send('punch', [gateway.punch(new Date(minuteAgo().getTime() + 3 * AHEAD_MS))]);
    expect(gateway.acks.at(-1)?.ack.through_seq).toBe(3);
    expect((await punches()).map(({ seq }) => seq)).toEqual([2]);
    await readAgain();
    await readAgain();
    expect(await kept()).toMatchObject([
      { seq: 1, code: 'ROW_INVALID', resolved_at: null, read_by: [READING] },
      { seq: 2, code: 'TIME_IN_FUTURE', resolved_at: new Date(server.clock.wallMs()) },
      { seq: 3, code: 'TIME_IN_FUTURE', resolved_at: null },
    ]);
  });
});

describe('case 163: a message that is read after the end of its month', () => {
  it('brings no punch whose punch_id came again under another seq in a later month', async () => {
    const first = gateway.punch(minuteAgo(), { student: 3 });
    const neighbor = gateway.punch(minuteAgo(), { student: 4 });
    await refuseAsOlder(server, 'BATCH_INVALID', gateway.gateway.batch('punch', [first, neighbor]));
    server.clock.stepWall(31 * 86_400_000);
    const later = gateway.punch(minuteAgo(), { student: 3, row: { punch_id: first['punch_id'] } });
    await gateway.send('punch', [later]);
    expect(await readAgain()).toBe('0 rows and 1 messages became evidence');
    expect((await punches()).map(({ seq }) => seq)).toEqual([neighbor.seq, later.seq]);
    expect(await kept()).toMatchObject([{ seq: first.seq, code: 'EVENT_ID_CONFLICT', resolved_at: null }]);
  });

  it('is not done with when its gateway has been revoked, whose keys still vouch for it', async () => {
    const batch = gateway.gateway.batch('punch', [gateway.punch(minuteAgo(), { student: 3 })]);
    await refuseAsOlder(server, 'BATCH_INVALID', batch);
    await server.db
      .knex('gateway')
      .where({ id: 'gw-a' })
      .update({ revoked_at: new Date(server.clock.wallMs()) });
    expect(await readAgain()).toBeUndefined();
    expect(await punches()).toEqual([]);
    expect(await server.db.knex('quarantine_message')).toMatchObject([
      { resolved_at: null, read_by: [READING] },
    ]);
  });
});
