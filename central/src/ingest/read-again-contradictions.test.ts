import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Body, TestServer } from '../http/test-server.js';
import { readQuarantineAgainJob } from '../jobs/read-quarantine-again.js';
import { silentLog } from '../log.js';
import { CampusGateway } from './campus-gateway.js';
import { keepAsOlder, refuseAsOlder, type SentRow } from './older-central.test-support.js';
import { READING } from './reading.js';
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

const minuteAgo = (): Date => new Date(server.clock.wallMs() - 60_000);
const readAgain = () => readQuarantineAgainJob.run({ db: server.db, clock: server.clock, log: silentLog });
const kept = (): Promise<Body[]> =>
  server.db.knex('quarantine_row').orderBy('seq').select('seq', 'code', 'problem', 'resolved_at', 'read_by');
const punches = (): Promise<Body[]> =>
  server.db
    .knex('punch')
    .where({ store_id: gateway.gateway.storeId })
    .orderBy('seq')
    .select('seq', 'punch_id');
const audited = (): Promise<Body[]> =>
  server.db.knex('attendance_audit_log').where({ action: 'read_again' }).orderBy('id').select();

describe('case 163: a row that PostgreSQL refuses although every check lets it pass', () => {
  const refusedRow = (student: number): SentRow =>
    gateway.punch(minuteAgo(), { student, row: { verify_method: 'refused' } });
  beforeEach(async () => {
    await server.db.knex.raw(
      "ALTER TABLE punch ADD CONSTRAINT of_test CHECK (verify_method IS DISTINCT FROM 'refused')",
    );
  });

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
