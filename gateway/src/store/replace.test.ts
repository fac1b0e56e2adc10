import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gatewayEventSchema } from '@rollcall/protocol/gateway-event';
import { describe, expect, it } from 'vitest';
import { Meta } from './meta.js';
import { MIGRATIONS, migrate } from './migrate.js';
import { openDatabase } from './open.js';
import { INSERT_ROW } from './outbox.js';
import { STORE_FILE } from './replace.js';
import { onCleanup, type StoreFixture, scribblePage, storeFixture, tempDir } from './store.fixture.js';

/** A store with `rows` punches of which the first `acked` are acked, closed with everything in the main file. */
function closedStore(rows: number, acked: number): StoreFixture {
  const f = storeFixture();
  for (let n = 0; n < rows; n += 1) void f.writer.append(f.punch(n));
  f.writer.flush();
  f.writer.markAcked(acked);
  f.writer.close();
  f.store.db.pragma('wal_checkpoint(TRUNCATE)');
  f.store.close();
  return f;
}

function pagesOf(dataDir: string): { count: number; leaves: number[] } {
  const db = openDatabase(join(dataDir, STORE_FILE));
  const count = db.pragma('page_count', { simple: true }) as number;
  const { rootpage } = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'outbox'").get() as {
    rootpage: number;
  };
  const leaves = Array.from({ length: count }, (_, index) => index + 1).filter(
    (page) => page > rootpage + 12,
  );
  db.close();
  return { count, leaves };
}

const bodies = (f: StoreFixture) => f.store.outbox.read(1, 10_000).map((row) => JSON.parse(row.body));
/** The numbers of the punches behind the first row, which tells of the replacement. */
const hashesOf = (f: StoreFixture): number[] =>
  bodies(f)
    .slice(1)
    .map((row) => Number.parseInt(row.credential.hashes[0].hash, 16));
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n);

describe('a damaged store', () => {
  it('is moved aside, and every unacked row that can be read is kept in a new store', () => {
    const before = closedStore(200, 40);
    const { leaves } = pagesOf(before.dataDir);
    scribblePage(join(before.dataDir, STORE_FILE), leaves[Math.floor(leaves.length / 2)] ?? 20);
    const after = storeFixture({ dataDir: before.dataDir });
    const replacement = after.store.replacement;
    expect(after.store.storeId).not.toBe(before.store.storeId);
    expect(replacement?.previousStoreId).toBe(before.store.storeId);
    expect(replacement?.salvagedRows).toBeGreaterThan(140);
    expect((replacement?.salvagedRows ?? 0) + (replacement?.lostRows ?? 0)).toBe(160);
    const [event, ...kept] = bodies(after);
    expect(gatewayEventSchema.parse({ seq: 1, ...event }).detail).toEqual({
      type: 'store_replaced',
      previous_store_id: before.store.storeId,
      salvaged_rows: replacement?.salvagedRows,
      lost_unacked_rows: replacement?.lostRows,
    });
    expect(kept).toHaveLength(replacement?.salvagedRows ?? -1);
    const hashes = kept.map((row) => Number.parseInt(row.credential.hashes[0].hash, 16));
    expect(hashes.every((hash) => hash >= 40 && hash < 200)).toBe(true);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('is kept as evidence with its log, byte for byte', () => {
    const before = closedStore(5, 0);
    writeFileSync(join(before.dataDir, STORE_FILE), 'not a database '.repeat(1000));
    writeFileSync(join(before.dataDir, `${STORE_FILE}-wal`), 'stale log');
    const after = storeFixture({ dataDir: before.dataDir });
    const evidence = after.store.replacement?.evidence ?? '';
    expect(readFileSync(join(evidence, STORE_FILE), 'utf8')).toBe('not a database '.repeat(1000));
    expect(readFileSync(join(evidence, `${STORE_FILE}-wal`), 'utf8')).toBe('stale log');
    expect(after.store.replacement).toMatchObject({ previousStoreId: null, salvagedRows: 0, lostRows: null });
  });

  it.each([
    ['an empty file of another kind', Buffer.alloc(4096, 0)],
    ['text', Buffer.from('hello '.repeat(2000))],
    ['a cut header', Buffer.from('SQLite format 3\0')],
  ])('with %s never keeps the gateway from starting', async (_what, bytes) => {
    const dataDir = tempDir();
    writeFileSync(join(dataDir, STORE_FILE), bytes);
    const f = storeFixture({ dataDir });
    const outcome = f.writer.append(f.punch());
    f.writer.flush();
    expect((await outcome).kept).toBe(true);
  });

  it('is not confused by the database of another program', () => {
    const dataDir = tempDir();
    const foreign = openDatabase(join(dataDir, STORE_FILE));
    foreign.exec('CREATE TABLE notes (text)');
    foreign.close();
    const f = storeFixture({ dataDir });
    expect(f.store.replacement).toBeDefined();
    expect(existsSync(join(f.store.replacement?.evidence ?? '', STORE_FILE))).toBe(true);
  });

  it('is replaced as well when a crash interrupted the move at any point', () => {
    for (const moved of [[], [STORE_FILE], [STORE_FILE, `${STORE_FILE}-wal`]]) {
      const before = closedStore(10, 4);
      const image = openDatabase(join(before.dataDir, STORE_FILE));
      onCleanup(() => image.close());
      image.prepare("UPDATE meta SET value = value WHERE key = 'store_id'").run();
      const dataDir = tempDir();
      for (const suffix of ['', '-wal']) {
        copyFileSync(join(before.dataDir, STORE_FILE + suffix), join(dataDir, STORE_FILE + suffix));
      }
      const pending = join(dataDir, 'evidence', 'x.pending');
      mkdirSync(pending, { recursive: true });
      for (const name of moved) renameSync(join(dataDir, name), join(pending, name));
      const after = storeFixture({ dataDir });
      expect(after.store.replacement).toMatchObject({ salvagedRows: 6, lostRows: 0 });
      expect(readdirSync(join(dataDir, 'evidence'))).toEqual(['x']);
      after.store.close();
      expect(storeFixture({ dataDir }).store.replacement).toBeUndefined();
    }
  });

  it('keeps the new store when the crash came after it was in place', () => {
    const before = closedStore(3, 0);
    const pending = join(before.dataDir, 'evidence', 'y.pending');
    mkdirSync(pending, { recursive: true });
    writeFileSync(join(pending, STORE_FILE), 'old and damaged');
    const after = storeFixture({ dataDir: before.dataDir });
    expect(after.store.storeId).toBe(before.store.storeId);
    expect(after.store.outbox.headSeq()).toBe(3);
    expect(readdirSync(join(before.dataDir, 'evidence'))).toEqual(['y']);
  });

  it('gives every row but the one whose body is no text, and tells that one as lost', () => {
    const before = closedStore(20, 5);
    const db = openDatabase(join(before.dataDir, STORE_FILE));
    db.exec(
      `CREATE TABLE other (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind, body, created_wall_ms);
       INSERT INTO other SELECT * FROM outbox; DROP TABLE outbox; ALTER TABLE other RENAME TO outbox;
       UPDATE outbox SET body = CAST(body AS BLOB) WHERE seq = 12`,
    );
    db.close();
    before.store.markDamaged();
    const after = storeFixture({ dataDir: before.dataDir });
    expect(after.store.replacement).toMatchObject({ salvagedRows: 14, lostRows: 1 });
    expect(hashesOf(after)).toEqual(numbers(5, 20).filter((n) => n !== 11));
  });

  it.each([
    'u',
    '',
    '-1',
    '2.5',
    '90',
    '9'.repeat(20),
  ])('whose acked seq is "%s" gives every row that is still kept, acked or not', (acked) => {
    const before = closedStore(20, 5);
    const db = openDatabase(join(before.dataDir, STORE_FILE));
    db.prepare("UPDATE meta SET value = ? WHERE key = 'acked_seq'").run(acked);
    db.close();
    before.store.markDamaged();
    const after = storeFixture({ dataDir: before.dataDir });
    expect(after.store.replacement).toMatchObject({ salvagedRows: 20, lostRows: 0 });
    expect(hashesOf(after)).toEqual(numbers(0, 20));
  });

  it('goes on with the session counter and the ids of the lost one', () => {
    const before = storeFixture();
    before.store.meta.set('uplink_session', 41);
    before.store.meta.set('last_punch_id', '0fffffff-ffff-7fff-bfff-ffffffffffff');
    before.store.markDamaged();
    before.store.close();
    const after = storeFixture({ dataDir: before.dataDir });
    expect(after.store.meta.number('uplink_session')).toBe(41);
    expect(after.store.newPunchId() > '0fffffff').toBe(true);
  });
});

describe('a store of the gateway before the last migration', () => {
  const SUFFIXES = ['', '-wal'];
  const STORE_ID = '6b6b6b6b-1111-4222-8333-444444444444';
  const bytesOf = (directory: string) =>
    SUFFIXES.map((suffix) => readFileSync(join(directory, STORE_FILE + suffix)).toString('base64'));

  /** 20 rows, 5 of them acked; copied as a crash leaves it: the change stands in the log. */
  function older(sql: string): string {
    const db = openDatabase(join(tempDir(), STORE_FILE));
    onCleanup(() => db.close());
    migrate(db, MIGRATIONS.slice(0, 6));
    const meta = new Meta(db);
    meta.set('store_id', STORE_ID);
    meta.set('acked_seq', 5);
    const insert = db.prepare(INSERT_ROW);
    for (const n of numbers(0, 20)) {
      insert.run('punch', JSON.stringify({ credential: { hashes: [{ hash: n.toString(16) }] } }), 0);
    }
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.exec(sql);
    const dataDir = tempDir();
    for (const suffix of SUFFIXES) copyFileSync(db.name + suffix, join(dataDir, STORE_FILE + suffix));
    return dataDir;
  }

  it('is migrated where it is, with its rows', () => {
    const after = storeFixture({ dataDir: older('') });
    expect(after.store.replacement).toBeUndefined();
    expect(after.store.storeId).toBe(STORE_ID);
    expect(after.store.db.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length);
    expect(bodies(after).map((row) => Number.parseInt(row.credential.hashes[0].hash, 16))).toEqual(
      numbers(0, 20),
    );
  });

  it.each([
    [
      'another CHECK',
      `CREATE TABLE other (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL CHECK (kind <> ''),
       body TEXT NOT NULL, created_wall_ms INTEGER NOT NULL) STRICT;
       INSERT INTO other SELECT * FROM outbox; DROP TABLE outbox; ALTER TABLE other RENAME TO outbox`,
    ],
    ['another name of the kind', 'ALTER TABLE outbox RENAME COLUMN kind TO sort'],
    ['another name of the body', 'ALTER TABLE outbox RENAME COLUMN body TO text'],
    [
      'other names of all columns',
      `ALTER TABLE outbox RENAME COLUMN seq TO number; ALTER TABLE outbox RENAME COLUMN kind TO sort;
       ALTER TABLE outbox RENAME COLUMN body TO text; ALTER TABLE outbox RENAME COLUMN created_wall_ms TO at`,
    ],
  ])('is kept as it is where somebody changed its outbox by hand, and no row is lost: %s', async (_what, sql) => {
    const dataDir = older(sql);
    const bytes = bytesOf(dataDir);
    const after = storeFixture({ dataDir });
    expect(bytesOf(after.store.replacement?.evidence ?? '')).toEqual(bytes);
    expect(after.store.replacement).toMatchObject({
      previousStoreId: STORE_ID,
      salvagedRows: 15,
      lostRows: 0,
    });
    expect(hashesOf(after)).toEqual(numbers(5, 20));
    const outcome = after.writer.append(after.punch());
    after.writer.flush();
    expect((await outcome).kept).toBe(true);
  });
});

describe('a store', () => {
  it('of a newer program is refused, not replaced', () => {
    const before = closedStore(1, 0);
    const db = openDatabase(join(before.dataDir, STORE_FILE));
    db.pragma('user_version = 99');
    db.close();
    expect(() => storeFixture({ dataDir: before.dataDir })).toThrow(
      /install the newer gateway.*STORE_TOO_NEW/,
    );
  });

  it('declares unacked seqs whose rows are gone as lost, once', () => {
    const before = closedStore(20, 5);
    const db = openDatabase(join(before.dataDir, STORE_FILE));
    db.exec('DELETE FROM outbox WHERE seq IN (3, 8, 9, 20)');
    db.close();
    for (const _start of [1, 2]) {
      const f = storeFixture({ dataDir: before.dataDir });
      const lost = bodies(f)
        .filter((body) => body.detail !== undefined)
        .map((body) => gatewayEventSchema.parse({ seq: 1, ...body }).detail);
      expect(lost).toMatchObject([
        { type: 'seq_lost', from_seq: 8, through_seq: 9 },
        { type: 'seq_lost', from_seq: 20, through_seq: 20 },
      ]);
      f.store.close();
    }
  });
});
