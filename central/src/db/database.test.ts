import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { openDatabase } from './database.js';
import { migrate } from './migrate.js';
import { openTestDatabase, type TestDatabase } from './test-database.js';

describe('the database', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await openTestDatabase();
  });
  afterAll(() => db.close());

  it('runs no migration twice, also when two replicas start together', async () => {
    expect(await Promise.all([migrate(db), migrate(db)])).toEqual([[], []]);
  });

  it.each([
    ['attendance_timetable_slot', ['faculty_code', 'room_id', 'section_id']],
    ['attendance_session', ['course_code', 'academic_period_id', 'holiday_id', 'replaces_session_id']],
    ['online_presence', ['session_id']],
    ['decision', ['student_id']],
  ])('finds the rows of %s by what they refer to', async (table, columns) => {
    const { rows } = await db.knex.raw(
      `SELECT DISTINCT a.attname AS name FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
       WHERE i.indrelid = ?::regclass`,
      [table],
    );
    expect(rows.map(({ name }: { name: string }) => name)).toEqual(expect.arrayContaining(columns));
  });

  it('gives bigints as numbers and campus dates as the text they are', async () => {
    const { rows } = await db.knex.raw(
      "SELECT 9007199254740991::bigint AS seq, date '2026-07-06' AS day, 0.5::numeric AS share",
    );
    expect(rows[0]).toEqual({ seq: 9007199254740991, day: '2026-07-06', share: 0.5 });
  });

  it('names host and remedy but never the password when nothing answers', async () => {
    const opening = openDatabase({ url: 'postgres://u:topsecret@127.0.0.1:1/none', log: silentLog });
    const error = await opening.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(String(error)).toContain('127.0.0.1:1');
    expect(String(error)).toContain('DATABASE_URL');
    expect(JSON.stringify([error, (error as Error).stack, (error as Error).cause])).not.toContain(
      'topsecret',
    );
  });

  it('names the user and not the password when that one is wrong', async () => {
    const url = new URL(db.url);
    url.password = 'wrongsecret';
    const error = await openDatabase({ url: url.href, log: silentLog }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(String(error)).not.toContain('wrongsecret');
  });
});
