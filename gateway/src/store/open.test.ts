import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isDamage, openDatabase } from './open.js';
import { onCleanup, storeFixture, tempDir } from './store.fixture.js';

function open(file: string) {
  const db = openDatabase(file);
  onCleanup(() => db.close());
  return db;
}

describe('openDatabase', () => {
  it('opens an existing file with synchronous FULL in WAL mode, as it does a new one', () => {
    const file = join(tempDir(), 'a.db');
    const first = openDatabase(file);
    first.exec('CREATE TABLE t (n)');
    first.close();
    const again = open(file);
    expect(again.pragma('synchronous', { simple: true })).toBe(2);
    expect(again.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(again.pragma('foreign_keys', { simple: true })).toBe(1);
  });

  it('opens the image of a crash, database and log without shared memory, with every committed row', () => {
    const { dataDir, writer, punch } = storeFixture();
    for (let n = 0; n < 50; n += 1) void writer.append(punch(n));
    writer.flush();
    const image = join(tempDir(), 'outbox.db');
    copyFileSync(join(dataDir, 'outbox.db'), image);
    copyFileSync(join(dataDir, 'outbox.db-wal'), `${image}-wal`);
    const db = open(image);
    expect(db.prepare('SELECT count(*) AS n FROM outbox').get()).toEqual({ n: 50 });
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
  });

  it('names the remedy when the place cannot be used', () => {
    expect(() => openDatabase('/proc/nowhere/outbox.db')).toThrow(/gateway\.data_dir.*CONFIG_INVALID/);
  });

  it('lets a file that is no database through as damage, for the store to replace', () => {
    const file = join(tempDir(), 'a.db');
    writeFileSync(file, 'x'.repeat(8192));
    let caught: unknown;
    try {
      openDatabase(file);
    } catch (error) {
      caught = error;
    }
    expect(isDamage(caught)).toBe(true);
  });
});
