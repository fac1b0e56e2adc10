import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../db/connection.js';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { silentLog } from '../log.js';
import { rollNumber, seedTestCampus, testCampus } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';
import { createJudge } from './judge.js';
import { LIVE_CHANNEL } from './notify.js';
import { storePunches } from './test-punches.js';

/** More than one notification can name. */
const STUDENTS = 320;

/** Tuesday 7 July 2026 on campus. */
const at = (time: string): Date => new Date(`2026-07-07T${time}+05:30`);

interface Notice {
  type: string;
  ids: string[];
  previous?: (string | null)[];
}

describe('marks that are saved together', () => {
  let db: TestDatabase;
  const clock = new ManualClock(at('10:05').getTime());
  beforeAll(async () => {
    db = await openTestDatabase();
    await seedTestCampus(db, clock, testCampus(STUDENTS));
    await advanceSessions(db.knex, clock.wallMs());
  });
  afterAll(() => db?.close());

  it('are told to the pages once each, with what they were, however many they are', async () => {
    const judge = createJudge({ db, clock, log: silentLog });
    await judge.run();
    // The longest mark that a record can have had.
    await db.knex('attendance_record').update({ mark: 'not_required', reason: 'CANCELLED' });
    await storePunches(
      db.knex,
      Array.from({ length: STUDENTS }, (_, n) => ({ rollNumber: rollNumber(n), at: at('10:01') })),
    );
    const listener = await connect(db.url, 'test');
    const heard: Notice[] = [];
    listener.onNotification((_channel, payload) => heard.push(JSON.parse(payload)));
    await listener.query(`LISTEN ${LIVE_CHANNEL}`);
    await judge.run();
    // What was told before is heard with the answer to what is asked now.
    await listener.query('SELECT 1');
    await listener.close();
    const told = heard.filter(({ type }) => type === 'record');
    const marked = await db.knex('attendance_record').where({ mark: 'present' }).select('id', 'session_id');
    expect(marked).toHaveLength(STUDENTS);
    expect(told.flatMap(({ ids }) => ids).sort()).toEqual(marked.map(({ id }) => id).sort());
    expect(told.flatMap(({ previous }) => previous)).toEqual(marked.map(() => 'not_required'));
    expect(told.map(({ ids, previous }) => ids.length - (previous?.length ?? 0))).toEqual(told.map(() => 0));
    const classes = heard.filter(({ type }) => type === 'session').flatMap(({ ids }) => ids);
    expect(classes).toEqual([...new Set(marked.map((record) => record.session_id))]);
  });
});
