import { randomUUID } from 'node:crypto';
import { RollcallError } from '@rollcall/protocol/errors';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Log, silentLog } from '../log.js';
import { createJudge, type JudgeOptions } from './judge.js';
import { queuePairs, queueSessions } from './queue.js';
import { RuleCampus, type TestClass } from './rule-campus.js';

const PATIENT = { timeout: 15_000 };
const RETRY_MS = 5_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let campus: RuleCampus;
let clock: ManualClock;
let errors: { sessionId?: string; err: Error }[];
beforeAll(async () => {
  campus = await RuleCampus.open();
});
beforeEach(async () => {
  // No class of one test is on the day of another's.
  for (let day = 0; day < 10; day++) campus.nextDay();
  clock = new ManualClock(campus.at('19:00', 9).getTime());
  errors = [];
  await campus.db.knex('judgement_todo').delete();
});
afterEach(async () => {
  await campus.db.knex('judgement_todo').delete();
  await campus.db.knex('exception_item').delete();
});
afterAll(() => campus.close());

const log: Log = {
  ...silentLog,
  error: (fields: object | string): void => void errors.push(fields as (typeof errors)[0]),
};
const newJudge = (more: Partial<JudgeOptions> = {}) => createJudge({ db: campus.db, clock, log, ...more });

/** By its last byte a class belongs to one part of a burst. Days apart they do not concern each other. */
const hold = (daysLater: number, more: Partial<TestClass> & { lastByte?: string } = {}): Promise<string> => {
  const { lastByte = '00', ...wanted } = more;
  const id = `${randomUUID().slice(0, -2)}${lastByte}`;
  return campus.hold({ id, from: '09:00', until: '09:50', daysLater, ...wanted });
};

const setVersion = (ids: string[], version: string) =>
  campus.db.knex.raw(
    'UPDATE attendance_session SET policy = policy || jsonb_build_object(?::text, ?::text::int) WHERE id = ANY(?::uuid[])',
    ['rules_version', version, ids as never],
  );
/** A policy of a version that central does not know. */
const breakClasses = (...ids: string[]) => setVersion(ids, '99');
const repair = (...ids: string[]) => setVersion(ids, '3');

/** Everybody of these classes, and nobody else. */
async function queueOnly(...ids: string[]): Promise<void> {
  await campus.db.knex('judgement_todo').delete();
  for (const id of ids) await queueSessions(campus.db.knex, [id]);
}

const marked = async (...ids: string[]): Promise<string[]> =>
  (
    await campus.db
      .knex('attendance_record')
      .whereIn('session_id', ids)
      .distinct('session_id')
      .pluck('session_id')
  ).sort();

const waiting = async (): Promise<string[]> =>
  (await campus.db.knex('judgement_todo').distinct('session_id').pluck('session_id')).sort();

const items = (): Promise<object[]> =>
  campus.db
    .knex('exception_item')
    .where({ code: 'CLASS_NOT_JUDGED' })
    .orderBy('id')
    .select('session_id', 'resolved_at', 'detail');

/** As a person does who looks at the item now. */
async function acknowledge(): Promise<void> {
  const { knex } = campus.db;
  const account = { login: randomUUID(), display_name: 'Office' };
  const [office] = await knex('account').insert(account).returning('id');
  await knex('exception_item')
    .where({ code: 'CLASS_NOT_JUDGED', resolved_at: null })
    .update({ resolved_at: new Date(clock.wallMs()), resolved_by: office.id, decision: 'acknowledge' });
}

/** Counts statements that hold the text, and match. */
function watch(text: string, pattern = /./) {
  const { knex } = campus.db;
  let seen = 0;
  const note = ({ sql }: { sql: string }): void => {
    if (sql.includes(text) && pattern.test(sql)) seen += 1;
  };
  knex.on('query', note);
  return {
    count: () => seen,
    reset() {
      seen = 0;
    },
    stop: () => void knex.removeListener('query', note),
  };
}

const failed = (code: string): Error =>
  code === 'CONCURRENT_CHANGE'
    ? new RollcallError(code, 'somebody else was first')
    : Object.assign(new Error('not for this class'), { code });

describe('a class that cannot be judged', () => {
  it('holds up no other: it waits, is told once, and is judged once it is repaired', async () => {
    const [broken, good] = [await hold(0), await hold(2)];
    await breakClasses(broken);
    await queueOnly(broken, good);
    const judge = newJudge();
    await judge.run();
    expect(await marked(broken, good)).toEqual([good]);
    expect(await waiting()).toEqual([broken]);
    expect(errors).toMatchObject([{ sessionId: broken, err: { name: 'ZodError' } }]);
    expect(await items()).toEqual([{ session_id: broken, resolved_at: null, detail: { error: 'ZodError' } }]);

    await repair(broken);
    expect(await judge.run()).toBe(0);
    clock.advance(RETRY_MS);
    await judge.run();
    expect(await marked(broken)).toEqual([broken]);
    expect(await waiting()).toEqual([]);
    expect(errors).toHaveLength(1);
    expect(await items()).toMatchObject([{ resolved_at: new Date(clock.wallMs()) }]);
  });

  it('is tried each time after twice as long, and told no more', async () => {
    const broken = await hold(0);
    await breakClasses(broken);
    await queueOnly(broken);
    const tries = watch('FOR UPDATE SKIP LOCKED', /WHERE session_id = \?::uuid/);
    const judge = newJudge();
    await judge.run();
    const after: number[] = [];
    for (let second = 1; second <= 80; second++) {
      clock.advance(1_000);
      tries.reset();
      await judge.run();
      if (tries.count() > 0) after.push(second);
    }
    tries.stop();
    expect(after).toEqual([5, 15, 35, 75]);
    expect(errors).toHaveLength(1);
    expect(await items()).toHaveLength(1);
  });

  it('is put before a person again a day after they acknowledged it, once each time, as long as it fails', async () => {
    const broken = await hold(0);
    await breakClasses(broken);
    await queueOnly(broken);
    const judge = newJudge();
    const toldAfter = async (ms: number): Promise<number> => {
      clock.advance(ms);
      await judge.run();
      expect(errors).toHaveLength((await items()).length);
      return errors.length;
    };
    expect(await toldAfter(0)).toBe(1);
    await acknowledge();
    const acknowledged: number[] = [];
    for (let hour = 1; hour <= 23; hour++) acknowledged.push(await toldAfter(HOUR_MS));
    expect(acknowledged).toEqual(acknowledged.map(() => 1));
    expect(await toldAfter(HOUR_MS - 1)).toBe(1);
    expect(await toldAfter(HOUR_MS)).toBe(2);
    for (let hour = 1; hour <= 48; hour++) expect(await toldAfter(HOUR_MS)).toBe(2);
    expect(await items()).toMatchObject([{ resolved_at: expect.any(Date) }, { resolved_at: null }]);

    await acknowledge();
    expect(await toldAfter(HOUR_MS)).toBe(2);
    expect(await toldAfter(DAY_MS)).toBe(3);
    await repair(broken);
    await toldAfter(HOUR_MS);
    expect(await waiting()).toEqual([]);
    expect((await items()).at(-1)).toMatchObject({ resolved_at: new Date(clock.wallMs()) });
  });

  it('is put before a person again at its next try where another replica had judged it in between', async () => {
    const broken = await hold(0);
    await breakClasses(broken);
    await queueOnly(broken);
    const judge = newJudge();
    await judge.run();
    await campus.db.knex('exception_item').update({ resolved_at: new Date(clock.wallMs()) });
    clock.advance(RETRY_MS);
    await judge.run();
    expect(await items()).toMatchObject([{ resolved_at: expect.any(Date) }, { resolved_at: null }]);
  });

  it('is one of several, in a burst with more judges than one', async () => {
    const [a, b] = [await hold(0, { lastByte: '00' }), await hold(2, { lastByte: '01' })];
    const good = [await hold(4, { lastByte: '04' }), await hold(6, { lastByte: '05' })].sort();
    await breakClasses(a, b);
    await queueOnly(a, b, ...good);
    const judge = newJudge({ chunkPairsMax: 2 });
    await judge.run();
    expect(await marked(a, b, ...good)).toEqual(good);
    expect(await waiting()).toEqual([a, b].sort());
    expect(errors.map(({ sessionId }) => sessionId).sort()).toEqual([a, b].sort());

    await repair(a);
    clock.advance(RETRY_MS);
    await judge.run();
    expect(await marked(a, b)).toEqual([a]);
    expect(await waiting()).toEqual([b]);
  });

  it('holds up no other in another replica either', async () => {
    const [broken, ...good] = [await hold(0), await hold(2), await hold(4)];
    if (broken === undefined) throw new Error('a class is needed');
    await breakClasses(broken);
    await queueOnly(broken, ...good);
    const replicas = [newJudge({ chunkPairsMax: 3 }), newJudge({ chunkPairsMax: 3 })];
    await Promise.all(replicas.map((judge) => judge.run()));
    expect(await marked(broken, ...good)).toEqual([...good].sort());
    expect(await waiting()).toEqual([broken]);
    await repair(broken);
    clock.advance(RETRY_MS);
    await Promise.all(replicas.map((judge) => judge.run()));
    expect(await waiting()).toEqual([]);
    clock.advance(2 * RETRY_MS);
    for (const judge of replicas) await judge.run();
    expect(await items()).toMatchObject([{ resolved_at: expect.any(Date) }]);
  });

  it('stays set aside while another replica tries it', async () => {
    const { knex } = campus.db;
    const broken = await hold(0);
    await breakClasses(broken);
    await queueOnly(broken);
    const judge = newJudge();
    await judge.run();
    const other = await knex.transaction();
    await other('judgement_todo').forUpdate().select('id');
    clock.advance(RETRY_MS);
    await judge.run();
    await other.rollback();
    await judge.run();
    expect(errors).toHaveLength(1);
    expect(await items()).toMatchObject([{ resolved_at: null }]);
    await repair(broken);
    clock.advance(2 * RETRY_MS);
    await judge.run();
    expect(await waiting()).toEqual([]);
    expect(await items()).toMatchObject([{ resolved_at: expect.any(Date) }]);
  });

  it('is tried alone at once after a restart, and its item is closed', async () => {
    const [broken, good] = [await hold(0), await hold(2)];
    await breakClasses(broken);
    await queueOnly(broken, good);
    await newJudge().run();
    await repair(broken);
    await newJudge().run();
    expect(await marked(broken)).toEqual([broken]);
    expect(await items()).toMatchObject([{ resolved_at: expect.any(Date) }]);
  });

  it('holds up, where there is no room to set it aside, only itself', async () => {
    const [a, b, good] = [await hold(0), await hold(2), await hold(4)];
    await breakClasses(a, b);
    await queueOnly(a, b, good);
    const judge = newJudge({ setAsideMax: 1 });
    await expect(judge.run()).rejects.toMatchObject({ name: 'ZodError' });
    expect(await marked(a, b, good)).toEqual([good]);
    expect(await waiting()).toEqual([a, b].sort());
    await repair(b);
    await judge.run();
    expect(await waiting()).toEqual([a]);
  });

  it('does not hold up those before it on the same day, whose students it depends on', async () => {
    const [good, broken] = [await hold(0), await hold(0, { from: '10:00', until: '10:50' })];
    await breakClasses(broken);
    await queueOnly(good);
    const judge = newJudge();
    const warnings = vi.spyOn(log, 'warn');
    await judge.run();
    expect(await marked(good, broken)).toEqual([good]);
    expect(await waiting()).toEqual([broken]);
    expect(warnings).toHaveBeenCalledTimes(1);
    // From now on it is left out at once.
    await queueSessions(campus.db.knex, [good]);
    await judge.run();
    expect(warnings).toHaveBeenCalledTimes(1);
    expect(await waiting()).toEqual([broken]);
    warnings.mockRestore();
    await repair(broken);
    clock.advance(RETRY_MS);
    await judge.run();
    expect(await marked(good, broken)).toEqual([good, broken].sort());
    expect(await waiting()).toEqual([]);
    expect(errors.map(({ sessionId }) => sessionId)).toEqual([broken]);
  });

  it('is waited for by a class at the same time that its student also belongs to', async () => {
    const broken = await hold(0);
    const clash = await hold(0, { group: 'cse-b', room: 'r202' });
    const other = await hold(2);
    await campus.join('cse-b', 0);
    await breakClasses(broken);
    await queueOnly(broken, clash, other);
    const judge = newJudge();
    await judge.run();
    expect(await marked(broken, clash, other)).toEqual([other]);
    expect(await waiting()).toEqual([broken, clash].sort());
    await repair(broken);
    clock.advance(RETRY_MS);
    await judge.run();
    expect(await marked(broken, clash)).toEqual([broken, clash].sort());
    expect(await waiting()).toEqual([]);
  });

  it('starves nobody and costs one look for each time somebody wakes the judge', async () => {
    const [broken, good] = [await hold(0), await hold(2)];
    await breakClasses(broken);
    const studentId = await campus.studentId();
    await queueOnly(broken);
    const looks = watch('DELETE FROM judgement_todo');
    const judge = newJudge();
    judge.start();
    try {
      await vi.waitFor(() => expect(errors).toHaveLength(1), PATIENT);
      await vi.waitFor(() => expect(clock.pendingTimers).toBe(2), PATIENT);
      clock.advance(50);
      looks.reset();
      for (let round = 0; round < 20; round++) {
        await queuePairs(campus.db.knex, [{ sessionId: broken, studentId }]);
        judge.wake();
        await vi.waitFor(() => expect(clock.pendingTimers).toBe(2), PATIENT);
        clock.advance(50);
      }
      expect(looks.count()).toBe(20);
      await queueSessions(campus.db.knex, [good]);
      judge.wake();
      await vi.waitFor(async () => expect(await waiting()).toEqual([broken]), PATIENT);
    } finally {
      looks.stop();
      await judge.stop();
    }
    expect(await marked(broken, good)).toEqual([good]);
    expect(errors).toHaveLength(1);
  });

  it('is not waited for by scans that wait for their marks, once it is known', async () => {
    const [broken, good] = [await hold(0), await hold(2)];
    await breakClasses(broken);
    await queueOnly(broken);
    const judge = newJudge();
    await judge.run();
    await queueSessions(campus.db.knex, [broken, good]);
    const ids = await campus.db.knex('judgement_todo').pluck('id');
    expect(await judge.judgeThese(ids)).toBe(false);
    expect(await waiting()).toEqual([broken]);
    expect(await marked(good)).toEqual([good]);
    expect(errors).toHaveLength(1);
  });

  it('is tried again by a judge that was stopped between two classes', async () => {
    const classes = [await hold(0), await hold(2), await hold(4)];
    await breakClasses(classes[0] as string);
    await queueOnly(...classes);
    let stopped: Promise<void> | undefined;
    const judge = newJudge({
      onJudged: () => {
        stopped = judge.stop();
      },
    });
    await judge.run();
    await stopped;
    expect(await waiting()).toHaveLength(2);
    expect(await marked(...classes)).toHaveLength(1);
  });
});

it('while every class can be judged, none is judged apart and no class is left out of a look', async () => {
  const classes = [await hold(0), await hold(2)];
  await queueOnly(...classes);
  const [looks, leavingOut] = [watch('DELETE FROM judgement_todo'), watch('session_id <> ALL(')];
  expect(await newJudge().run()).toBe(12);
  expect([looks.count(), leavingOut.count(), await waiting()]).toEqual([2, 0, []]);
  looks.stop();
  leavingOut.stop();
});

it('a database that is lost, a deadlock and a class that is held set no class aside', async () => {
  const good = await hold(0);
  await queueOnly(good);
  const failures = ['ECONNRESET', '40P01', '55P03', 'CONCURRENT_CHANGE'];
  let next = 0;
  const judge = newJudge({
    onJudged: () => {
      const code = failures[next++];
      if (code !== undefined) throw failed(code);
    },
  });
  for (const code of failures) await expect(judge.run()).rejects.toMatchObject({ code });
  expect([next, errors, await items()]).toEqual([4, [], []]);
  await judge.run();
  expect(await marked(good)).toEqual([good]);
});
