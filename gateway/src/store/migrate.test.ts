import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MIGRATIONS, migrate } from './migrate.js';
import { type Database, openDatabase } from './open.js';
import { INSERT_ROW } from './outbox.js';
import { onCleanup, tempDir } from './store.fixture.js';

/** A store as the program of that many migrations left it. */
function storeOf(migrations: number): Database {
  const db = openDatabase(join(tempDir(), 'outbox.db'));
  onCleanup(() => db.close());
  migrate(db, MIGRATIONS.slice(0, migrations));
  return db;
}

const attempt = (act: () => void): unknown => {
  try {
    return act();
  } catch (error) {
    return error;
  }
};
const versionOf = (db: Database): unknown => db.pragma('user_version', { simple: true });
const insert = (db: Database, kind: string): unknown => db.prepare(INSERT_ROW).run(kind, '{}', 0);
/** Opcodes of what SQLite does for one row. */
const opcodes = (db: Database): string[] =>
  (db.prepare(`EXPLAIN ${INSERT_ROW}`).all('punch', '{}', 0) as { opcode: string }[]).map(
    ({ opcode }) => opcode,
  );

describe('the insert of a row', () => {
  it('builds no table in memory, which it did on the schema before', () => {
    expect(opcodes(storeOf(6))).toContain('OpenEphemeral');
    expect(opcodes(storeOf(MIGRATIONS.length))).not.toContain('OpenEphemeral');
  });

  it('is refused for a kind that nobody knows, before and after', () => {
    for (const migrations of [6, MIGRATIONS.length]) {
      const db = storeOf(migrations);
      for (const kind of ['punch', 'anchor', 'event']) insert(db, kind);
      for (const kind of ['', 'Punch', 'claim']) expect(() => insert(db, kind)).toThrow(/CHECK/);
    }
  });
});

describe('migrate', () => {
  it('keeps the rows of an older store where they are, and what other connections read', () => {
    const db = storeOf(6);
    const other = openDatabase(db.name);
    onCleanup(() => other.close());
    for (let n = 0; n < 100; n++) insert(db, 'punch');
    const rows = (of: Database) => of.prepare('SELECT * FROM outbox ORDER BY seq').all();
    const before = rows(other);
    migrate(db);
    expect(rows(db)).toEqual(before);
    expect(rows(other)).toEqual(before);
    expect(opcodes(other)).not.toContain('OpenEphemeral');
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(() => db.exec("UPDATE sqlite_schema SET sql = ''")).toThrow(/may not be modified/);
  });

  it('changes nothing where a declaration is not what it has to be changed from, and says what to do', () => {
    const db = storeOf(6);
    insert(db, 'punch');
    db.exec('ALTER TABLE outbox RENAME COLUMN kind TO sort');
    db.pragma('wal_checkpoint(TRUNCATE)');
    const before = readFileSync(db.name);
    const refused = attempt(() => migrate(db));
    expect(refused).toMatchObject({ code: 'STORE_CORRUPT', kind: 'operator' });
    expect(String(refused)).toMatch(/outbox was changed by hand.*keep the file, and start the gateway again/);
    expect(versionOf(db)).toBe(6);
    expect(readFileSync(db.name).equals(before)).toBe(true);
    expect(statSync(`${db.name}-wal`).size).toBe(0);
  });

  it('does nothing on a second start', () => {
    const db = storeOf(MIGRATIONS.length);
    const version = db.pragma('schema_version', { simple: true });
    migrate(db);
    expect(db.pragma('schema_version', { simple: true })).toBe(version);
    expect(versionOf(db)).toBe(MIGRATIONS.length);
  });
});
