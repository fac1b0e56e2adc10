import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API, type Body, TestServer } from '../http/test-server.js';
import { expireAuditJob } from '../jobs/expire-audit.js';
import { JOBS } from '../jobs/registry.js';
import { runJob } from '../jobs/run-job.js';
import { sealAuditJob } from '../jobs/seal-audit.js';
import { silentLog } from '../log.js';
import { createAuditKeys } from './audit-keys.js';
import { sealAudit } from './seal-audit.js';
import { GENESIS } from './seal-bytes.js';
import { type Verified, verifyAudit } from './verify-audit.js';
import { writeAudit } from './write-audit.js';

let server: TestServer;
const keys = () => createAuditKeys(server.options.dataKeys);
const context = () => ({ db: server.db, clock: server.clock, log: silentLog, auditKeys: keys() });
const SEAL_TRIES_MAX = 1_000;
/** Transactions of the whole server hold sealing up, also those of other test files; a minute later it goes on. */
async function seal(by = keys()): Promise<number> {
  let rows = 0;
  for (let tries = 0; tries < SEAL_TRIES_MAX; tries += 1) {
    rows += await sealAudit(server.db.knex, { keys: by, clock: server.clock, zone: 'Asia/Kolkata' });
    if ((await verify()).unsealed === 0) return rows;
  }
  throw new Error('the audit log could not be sealed');
}
const verify = (more: object = {}): Promise<Verified> =>
  verifyAudit(server.db.knex, { keys: keys(), ...more });
const found = async (more: object = {}): Promise<string[]> =>
  (await verify(more)).problems.map(({ kind, rowId }) => (rowId === null ? kind : `${kind} ${rowId}`));

/** As somebody with every right in the database: triggers do not fire. */
const tamper = (sql: string, ...bindings: unknown[]): Promise<void> =>
  server.db.knex.transaction(async (trx) => {
    await trx.raw("SET LOCAL session_replication_role = 'replica'");
    await trx.raw(sql, bindings as never);
  });

async function write(count: number, entityType = 'thing'): Promise<number[]> {
  const rows = Array.from({ length: count }, (_, index) => ({
    at: new Date(server.clock.wallMs()),
    entityType,
    entityId: `t-${index}`,
    action: 'test',
    before: { mark: 'absent', n: index },
    after: { mark: 'present', ö: '✓' },
  }));
  await server.db.knex.transaction((trx) => writeAudit(trx, rows));
  const ids = await server.db.knex('attendance_audit_log').max<{ max: number }[]>('id as max');
  const last = ids[0]?.max ?? 0;
  return rows.map((_, index) => last - count + 1 + index);
}

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  await tamper('TRUNCATE audit_seal, audit_tombstone, attendance_audit_log RESTART IDENTITY CASCADE');
});

describe('case 159: the audit log', () => {
  it('refuses to be changed by triggers, row by row', async () => {
    await write(1);
    const { knex } = server.db;
    await expect(knex('attendance_audit_log').update({ reason: 'x' })).rejects.toThrow(/immutable/);
    await expect(knex('attendance_audit_log').delete()).rejects.toThrow(/immutable/);
    await seal();
    await expect(knex('audit_seal').update({ rows_sealed: 2 })).rejects.toThrow(/immutable/);
    await expect(knex('audit_seal').delete()).rejects.toThrow(/immutable/);
  });

  it('is sealed in a chain: each seal follows the one before, the first of a day the last of the day before', async () => {
    await write(3);
    expect(await seal()).toBe(3);
    expect(await seal()).toBe(0);
    server.clock.stepWall(86_400_000);
    await write(2);
    await seal();
    server.clock.stepWall(-86_400_000);
    const seals = await server.db.knex('audit_seal').orderBy('id');
    expect(seals.map(({ day, rows_sealed }) => [day, rows_sealed])).toEqual([
      ['2026-07-07', 3],
      ['2026-07-08', 2],
    ]);
    expect(seals[0].previous_hash.equals(GENESIS)).toBe(true);
    expect(seals[1].previous_hash.equals(seals[0].hash)).toBe(true);
    expect(await verify()).toMatchObject({ isWhole: true, seals: 2, rows: 5, unsealed: 0, problems: [] });
  });

  it('seals a row of a transaction that took long behind those that were sealed meanwhile', async () => {
    const { knex } = server.db;
    const slow = await knex.transaction();
    await writeAudit(slow, [{ at: new Date(), entityType: 'thing', entityId: 'slow', action: 'test' }]);
    await write(2);
    expect(await sealAuditJob.run(context())).toBeUndefined();
    await slow.commit();
    expect(await seal()).toBe(3);
    expect(await found()).toEqual([]);
  });

  it('sealed by two replicas at once has every row in one seal', async () => {
    await write(50);
    const request = { keys: keys(), clock: server.clock, zone: 'Asia/Kolkata' };
    const counts = await Promise.all([1, 2, 3].map(() => sealAudit(server.db.knex, request)));
    expect(counts.reduce((sum, count) => sum + count, await seal())).toBe(50);
    expect(await verify()).toMatchObject({ isWhole: true, rows: 50 });
  });

  it.each([
    ['reason', "reason = 'never mind'"],
    ['actor', "performed_by = 'somebody-else'"],
    ['role', "actor_role = 'admin'"],
    ['before', `before = '{"mark": "present"}'`],
    ['after', 'after = NULL'],
    ['time', "at = at + interval '1 microsecond'"],
    ['request id', "request_id = 'other'"],
    ['address', "ip_address = '10.0.0.1'"],
    ['student', "student_id = '00000000-0000-4000-8000-000000000001'"],
  ])('shows a changed %s of one row, also with every trigger off', async (_what, change) => {
    const ids = await write(5);
    await seal();
    await tamper(`UPDATE attendance_audit_log SET ${change} WHERE id = ?`, ids[2]);
    expect(await found()).toEqual([`row_changed ${ids[2]}`]);
  });

  it('shows a removed, an added and a swapped row', async () => {
    const ids = await write(5);
    await seal();
    await tamper('DELETE FROM attendance_audit_log WHERE id = ?', ids[1]);
    expect(await found()).toEqual([`row_removed ${ids[1]}`]);
    await tamper(
      `INSERT INTO attendance_audit_log (id, at, entity_type, entity_id, action, transaction_id) OVERRIDING SYSTEM VALUE
       SELECT -7, at, entity_type, entity_id, action, transaction_id FROM attendance_audit_log WHERE id = ?`,
      ids[3],
    );
    expect((await found()).sort()).toEqual(['row_added -7', `row_removed ${ids[1]}`]);
  });

  it('shows a forged seal: a new hash needs the key, which is not in the database', async () => {
    const ids = await write(3);
    await seal();
    await write(1);
    await seal();
    const forger = createAuditKeys([{ id: keys().keyId, bytes: Buffer.alloc(32, 66) }]);
    await tamper('UPDATE attendance_audit_log SET reason = ? WHERE id = ?', 'changed', ids[0]);
    await tamper('TRUNCATE audit_seal CASCADE');
    await seal(forger);
    expect(new Set(await found())).toEqual(new Set(['seal_changed']));
  });

  it('shows a seal that was taken out, and by its noted head an end that was cut off', async () => {
    for (const count of [2, 2, 2]) {
      await write(count);
      await seal();
    }
    const { head } = await verify();
    const [, second, third] = await server.db.knex('audit_seal').orderBy('id').pluck('id');
    await tamper('DELETE FROM audit_seal WHERE id = ?', third);
    await tamper('DELETE FROM attendance_audit_log WHERE id > 4');
    expect(await found()).toEqual([]);
    expect(await found({ expectHead: head })).toEqual(['head_missing']);
    await tamper('DELETE FROM audit_seal WHERE id < ?', second);
    expect(await found()).toContain('seal_missing');
  });

  it('says that a key is missing rather than that something was forged', async () => {
    await write(1);
    await seal();
    const other = createAuditKeys([{ id: 'ffffffff', bytes: Buffer.alloc(32, 1) }]);
    expect((await verifyAudit(server.db.knex, { keys: other })).problems).toMatchObject([
      { kind: 'key_missing' },
    ]);
    const both = createAuditKeys([
      { id: 'ffffffff', bytes: Buffer.alloc(32, 1) },
      ...server.options.dataKeys,
    ]);
    expect((await verifyAudit(server.db.knex, { keys: both })).isWhole).toBe(true);
  });

  it('is not sealed on a server that counts transactions anew: it says what to do', async () => {
    await write(1);
    await seal();
    await tamper("UPDATE audit_seal SET through_transaction = '9000000000'::xid8");
    await write(1);
    await expect(sealAuditJob.run(context())).rejects.toThrow(/pg_resetwal.*AUDIT_UNSEALABLE/);
  });
});

describe('case 159, A10.20: retention of the audit log', () => {
  const LONG_AGO = Date.parse('2015-03-02T10:00:00+05:30');
  const today = () => Date.parse('2026-07-07T10:10:00+05:30');
  const goTo = (ms: number) => server.clock.stepWall(ms - server.clock.wallMs());

  async function writeLongAgo(count: number, entityType?: string): Promise<number[]> {
    goTo(LONG_AGO);
    const ids = await write(count, entityType);
    await seal();
    goTo(today());
    return ids;
  }

  it('removes rows a year after their records, leaves a tombstone with counts and keeps the chain whole', async () => {
    await writeLongAgo(4);
    await write(2);
    await seal();
    expect(await expireAuditJob.run(context())).toBe('4 audit rows of before 2018-07-07 removed');
    expect(await expireAuditJob.run(context())).toBeUndefined();
    const [tombstone] = await server.db.knex('audit_tombstone');
    expect(tombstone.removed_ids).toHaveLength(4);
    const own = await server.db.knex('attendance_audit_log').where({ action: 'expire' }).first();
    expect(own.after).toEqual({ rows_removed: 4, before_day: '2018-07-07' });
    expect(await verify()).toMatchObject({ isWhole: true, rows: 2, expired: 4, unsealed: 1 });
  });

  it('keeps a row as long as what it explains is there, however old', async () => {
    const record = await server.db.knex('attendance_record').first('id', 'session_id');
    goTo(LONG_AGO);
    const base = { at: new Date(LONG_AGO), action: 'test' };
    await server.db.knex.transaction((trx) =>
      writeAudit(trx, [
        { ...base, entityType: 'attendance_record', entityId: record.id },
        { ...base, entityType: 'course', entityId: 'CS301' },
        { ...base, entityType: 'thing', entityId: 'gone', sessionId: record.session_id },
        { ...base, entityType: 'attendance_record', entityId: '00000000-0000-4000-8000-000000000001' },
        { ...base, entityType: "x'; DROP TABLE student; --", entityId: "'" },
      ]),
    );
    await seal();
    goTo(today());
    await expireAuditJob.run(context());
    const kept = await server.db
      .knex('attendance_audit_log')
      .where({ action: 'test' })
      .orderBy('id')
      .pluck('entity_id');
    expect(kept).toEqual([record.id, 'CS301', 'gone']);
    expect(await verify()).toMatchObject({ isWhole: true, expired: 2 });
  });

  it('follows the setting, and never goes below three years', async () => {
    await writeLongAgo(1);
    const { knex } = server.db;
    await expect(knex.raw('SELECT expire_audit(1, now()::date)')).rejects.toThrow(/three years/);
    await server.db.knex('attendance_configuration').insert({
      key: 'ATTENDANCE_DATA_RETENTION_YEARS',
      value: '12',
      data_type: 'integer',
    });
    expect(await expireAuditJob.run(context())).toBeUndefined();
    const takenBack = (days: number) =>
      knex('attendance_configuration').update({
        is_active: false,
        updated_at: new Date(today() - days * 86_400_000),
      });
    // As for marks: whoever takes a term out of force by mistake has a month to notice.
    await takenBack(29);
    expect(await expireAuditJob.run(context())).toBeUndefined();
    await takenBack(31);
    expect(await expireAuditJob.run(context())).toBe('1 audit rows of before 2018-07-07 removed');
    await server.db.knex('attendance_configuration').delete();
  });

  it('does not explain a gap that it did not make: a forged tombstone is shown', async () => {
    const ids = await writeLongAgo(3);
    await tamper('DELETE FROM attendance_audit_log WHERE id = ?', ids[0]);
    await tamper(
      `INSERT INTO audit_tombstone (seal_id, removed_ids, before_day, removed_at, key_id, mac)
       VALUES ((SELECT min(id) FROM audit_seal), ARRAY[?::bigint], '2018-01-01', now(), ?, ?)`,
      ids[0],
      keys().keyId,
      Buffer.alloc(32),
    );
    expect((await found()).sort()).toEqual([`row_removed ${ids[0]}`, 'tombstone_changed']);
  });
});

describe('GET audit-logs/', () => {
  const path = `${API}/audit-logs/`;
  const auditor = () => server.as('auditor');

  it('shows every write with actor, role, address and request id, newest first, by cursor (case 158)', async () => {
    const { id } = await server.sessionOf('CS302');
    const body = { reason: 'strike' };
    await server.post(`${API}/sessions/${id}/cancel/`, body, { 'x-request-id': 'cancel-12345' });
    await server.post(`${API}/sessions/${id}/restore/`, {});
    const [cancelled] = await auditor().results(
      `${path}?request_id=cancel-12345&entity_type=attendance_session`,
    );
    expect(cancelled).toMatchObject({
      entity_id: id,
      session_id: id,
      actor_role: 'admin',
      performed_by_login: 'admin--',
      ip_address: '127.0.0.1',
      before: { status: 'scheduled' },
      after: { status: 'cancelled' },
    });
    const all: Body[] = await auditor().results(path);
    const paged: Body[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const { body: page } = await auditor().get(`${path}?limit=1${next === '' ? '' : `&cursor=${next}`}`);
      paged.push(...page.results);
      next = page.next;
    }
    expect(paged).toEqual(all);
    expect(all.length).toBeGreaterThan(1);
  });

  it('is filtered by entity, actor, action and date', async () => {
    const me = await server.db.knex('account').where({ login: 'admin--' }).first('id');
    const { id } = await server.sessionOf('CS302');
    await write(2);
    await server.post(`${API}/sessions/${id}/cancel/`, { reason: 'strike' });
    await server.post(`${API}/sessions/${id}/restore/`, {});
    const count = async (query: string): Promise<number> =>
      (await auditor().results(`${path}?${query}`)).length;
    expect(await count('entity_type=thing')).toBe(2);
    expect(await count('entity_type=thing&entity_id=t-1')).toBe(1);
    expect(await count('action=restore')).toBe(1);
    expect(await count('actor=system')).toBe(2);
    expect(await count(`actor=${me.id}&session=${id}`)).toBeGreaterThan(0);
    expect(await count(`actor=${me.id}`)).toBe(await count('actor=ADMIN--'));
    expect(await count('start_date=2026-07-07&end_date=2026-07-07')).toBeGreaterThan(3);
    expect(await count('end_date=2026-07-06')).toBe(0);
  });

  it.each([
    'cursor=x',
    'start_date=2026-02-30',
    'session=1',
    'wrong=1',
    'limit=501',
  ])('refuses ?%s', async (query) => {
    expect((await auditor().get(`${path}?${query}`)).body.code).toBe('REQUEST_INVALID');
  });

  it.each([
    'faculty',
    'student',
    'hod',
    'coordinator',
    'guardian',
  ] as const)('is closed to %s', async (role) => {
    for (const address of [path, `${path}verify/`]) {
      expect((await server.as(role).get(address)).status).toBe(403);
    }
  });

  it('cannot be written to', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await server.call(method, path);
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    }
  });

  it('verify/ says whether the log of some days is whole, and which row is not', async () => {
    const ids = await write(3);
    await seal();
    expect((await auditor().get(`${path}verify/`)).body).toMatchObject({ is_whole: true, rows: 3, seals: 1 });
    await tamper("UPDATE attendance_audit_log SET reason = 'x' WHERE id = ?", ids[1]);
    const { body } = await auditor().get(`${path}verify/?start_date=2026-07-07&end_date=2026-07-07`);
    expect(body).toMatchObject({ is_whole: false, problems_found: 1 });
    expect(body.problems).toEqual([
      { kind: 'row_changed', seal_id: expect.any(Number), row_id: String(ids[1]), day: '2026-07-07' },
    ]);
    const other = await auditor().get(`${path}verify/?start_date=2026-07-01&end_date=2026-07-06`);
    expect(other.body).toMatchObject({ is_whole: true, seals: 0 });
    const many = await auditor().get(`${path}verify/?start_date=2026-01-01&end_date=2026-07-07`);
    expect(many.body.code).toBe('REQUEST_INVALID');
  });
});

it('the jobs seal by themselves, and say so where they have no keys', async () => {
  expect(JOBS).toContain(sealAuditJob);
  await write(1);
  const { auditKeys: _, ...without } = context();
  await runJob(sealAuditJob, without);
  const run = await server.db.knex('job_run').where({ name: 'seal-audit' }).first();
  expect([run.outcome, run.detail]).toEqual(['failed', expect.stringContaining('without the keys')]);
});
