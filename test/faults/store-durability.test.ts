import { join } from 'node:path';
import { openDatabase } from '@rollcall/gateway/store/open';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';

describe('the database of a gateway that has run before', () => {
  let campus: Campus;
  let file: string;
  beforeAll(async () => {
    campus = await Campus.start();
    await campus.tapNewCard();
    await campus.gateway.kill();
    file = join(campus.gateway.dataDir, 'outbox.db');
  });
  afterAll(() => campus?.stop());

  it('is opened with synchronous = 2 and a write-ahead log', () => {
    const db = openDatabase(file);
    try {
      expect(db.pragma('synchronous', { simple: true })).toBe(2);
      expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    } finally {
      db.close();
    }
  });

  it('would be opened with less by a program that does not ask for it (edge §0, finding 4)', () => {
    const db = new Sqlite(file);
    try {
      expect(db.pragma('synchronous', { simple: true })).toBe(1);
    } finally {
      db.close();
    }
  });
});
