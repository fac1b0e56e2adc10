import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '@rollcall/gateway/store/open';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';

const TAPS = 40;

describe('a power cut', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await Campus.start();
  });
  afterAll(() => campus?.stop());

  it('takes back no green light: database and log without the shared memory hold every punch', async () => {
    const { gateway, wire } = campus;
    wire.refuse();
    for (let tap = 0; tap < TAPS; tap++) expect(await campus.tapNewCard()).toBe('green');
    await gateway.kill();
    const after = `${gateway.dataDir}-after`;
    mkdirSync(after);
    for (const name of ['outbox.db', 'outbox.db-wal', 'gateway-key.pem']) {
      const from = join(gateway.dataDir, name);
      expect(existsSync(from), name).toBe(true);
      copyFileSync(from, join(after, name));
    }
    gateway.moveTo(after);
    wire.refuse(false);
    await gateway.start();
    expect(await campus.tapNewCard()).toBe('green');
    await expectGreensArePunches(campus);
    expect(await campus.database.count('punch')).toBe(TAPS + 1);
  });

  it('finds a database that was opened with synchronous = 2, also the second time', async () => {
    await campus.gateway.kill();
    const file = join(campus.gateway.dataDir, 'outbox.db');
    // A program that does not ask for it gets less from a file that exists (edge §0, finding 4).
    const careless = new Sqlite(file);
    expect(careless.pragma('synchronous', { simple: true })).toBe(1);
    careless.close();
    const db = openDatabase(file);
    try {
      expect(db.pragma('synchronous', { simple: true })).toBe(2);
      expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    } finally {
      db.close();
    }
  });
});
